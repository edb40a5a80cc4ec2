"""reasoning_effort and thinking_config: which values there are, and which a model has."""

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.parameters import invalid_value, not_one_of
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, reads

_EVERYWHERE = ("high", "low", "medium", "minimal")
_LEVEL = "type.googleapis.com/google.cloud.aiplatform.v1.GenerationConfig.ThinkingConfig.ThinkingLevel"


def _known_levels(ask: RuleContext) -> list[str]:
    return sorted({*_EVERYWHERE, *ask.card.levels})


def _effort(ask: RuleContext) -> Failure | None:
    effort = ask.request.reasoning_effort
    if effort is None:
        return None
    known = _known_levels(ask)
    if effort not in known:
        return not_one_of("reasoning_effort", known, effort)
    if ask.request.thinking_config:
        return refuse("effort-and-thinking-config")
    return _supported(ask, effort)


def _supported(ask: RuleContext, level: str) -> Failure | None:
    if not ask.card.can_think:
        return refuse("thinking-unsupported")
    return None if level in ask.card.levels else refuse("level-unsupported", level=level.upper())


def _config(ask: RuleContext) -> Failure | None:
    config = ask.request.thinking_config
    if not config:
        return None
    level, budget, shown = (config.get(key) for key in ("thinking_level", "thinking_budget", "include_thoughts"))
    if shown is not None and not isinstance(shown, bool):
        return invalid_value("extra_body.google.thinking_config.include_thoughts", "TYPE_BOOL", shown)
    if level is not None and budget is not None:
        return refuse("budget-and-level")
    if level is not None:
        return _level(ask, level)
    return None if budget is None else _budget(ask, budget)


def _level(ask: RuleContext, level: JSON) -> Failure | None:
    named = level.lower().removeprefix("thinking_level_") if isinstance(level, str) else ""
    if named not in _known_levels(ask):
        return invalid_value("extra_body.google.thinking_config.thinking_level", _LEVEL, level)
    if ask.card.can_think and ask.card.family.startswith("gemini-2"):
        return refuse("level-for-older")
    return _supported(ask, named)


def _budget(ask: RuleContext, budget: JSON) -> Failure | None:
    if isinstance(budget, bool) or not isinstance(budget, int):
        return invalid_value("extra_body.google.thinking_config.thinking_budget", "TYPE_INT32", budget)
    if ask.card.budget is None:
        return None if budget == 0 else refuse("thinking-unsupported")
    low, high = ask.card.budget
    if budget == -1 or low <= budget <= high or (budget == 0 and ask.card.no_budget != "refused"):
        return None
    return refuse("out-of-range", field="thinkingBudget", value=budget, low=low, high=high + 1)


RULES = (
    Rule(
        "reasoning-effort",
        "§2 reasoning_effort; §6 Expected …, Thinking level is unsupported",
        _effort,
        reads("reasoning_effort"),
    ),
    Rule("thinking-config", "§2 thinking_config; §6 thinking budget and thinking level; §7 Levels", _config, OPTIONS),
)
