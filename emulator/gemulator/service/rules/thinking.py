"""Rules for reasoning_effort and thinking_config."""

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.parameters import invalid_value, not_one_of
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, requires

_EFFORTS = ("high", "low", "max", "medium", "minimal")  # of the endpoint, whatever the model
_COMMON_LEVELS = ("high", "low", "medium", "minimal")
_LEVEL = "type.googleapis.com/google.cloud.aiplatform.v1.GenerationConfig.ThinkingConfig.ThinkingLevel"


def _known_levels(context: RuleContext) -> list[str]:
    return sorted({*_COMMON_LEVELS, *context.model.levels})


def _effort(context: RuleContext) -> Failure | None:
    effort = context.request.reasoning_effort
    return None if effort is None or effort in _EFFORTS else not_one_of("reasoning_effort", _EFFORTS, effort)


def _effort_of_model(context: RuleContext) -> Failure | None:
    effort = context.request.reasoning_effort
    if effort is None:
        return None
    if context.request.thinking_config:
        return refuse("effort-and-thinking-config")
    if not context.model.can_think:
        return refuse("thinking-unsupported")
    # The endpoint maps `max`, and `medium` of Gemini 3, to a level that the model has (fidelity.md, Parameters).
    mapped = effort == "max" or (effort == "medium" and context.model.family.startswith("gemini-3"))
    return None if mapped else _level_supported(context, effort)


def _level_supported(context: RuleContext, level: str) -> Failure | None:
    if not context.model.can_think:
        return refuse("thinking-unsupported")
    return None if level in context.model.levels else refuse("level-unsupported", level=level.upper())


def _config(context: RuleContext) -> Failure | None:
    config = context.request.thinking_config
    if not config:
        return None
    level, budget, include = (config.get(key) for key in ("thinking_level", "thinking_budget", "include_thoughts"))
    if include is not None and not isinstance(include, bool):
        return invalid_value("extra_body.google.thinking_config.include_thoughts", "TYPE_BOOL", include)
    if level is not None and budget is not None:
        return refuse("budget-and-level")
    if level is not None:
        return _level(context, level)
    return None if budget is None else _budget(context, budget)


def _level(context: RuleContext, level: JSON) -> Failure | None:
    name = level.lower().removeprefix("thinking_level_") if isinstance(level, str) else ""
    if name not in _known_levels(context):
        return invalid_value("extra_body.google.thinking_config.thinking_level", _LEVEL, level)
    if context.model.can_think and context.model.family.startswith("gemini-2"):
        return refuse("level-for-older")
    return _level_supported(context, name)


def _budget(context: RuleContext, budget: JSON) -> Failure | None:
    if isinstance(budget, bool) or not isinstance(budget, int):
        return invalid_value("extra_body.google.thinking_config.thinking_budget", "TYPE_INT32", budget)
    if context.model.budget is None:
        return None if budget == 0 else refuse("thinking-unsupported")
    low, high = context.model.budget
    if budget == -1 or low <= budget <= high or (budget == 0 and context.model.no_budget != "refused"):
        return None
    return refuse("out-of-range", field="thinkingBudget", value=budget, low=low, high=high + 1)


RULES = (
    Rule(
        "reasoning-effort",
        "§2 reasoning_effort; §6, §17.2 Expected 'reasoning_effort' to be one of",
        _effort,
        requires("reasoning_effort"),
        partners=True,
    ),
    Rule(
        "effort-of-model",
        "§2 reasoning_effort; §6 Thinking level is unsupported; §17.3",
        _effort_of_model,
        requires("reasoning_effort"),
    ),
    Rule("thinking-config", "§2 thinking_config; §6 thinking budget and thinking level; §7 Levels", _config, OPTIONS),
)
