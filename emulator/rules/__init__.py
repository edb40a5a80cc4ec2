"""What the service refuses: one table of rules, run once for each request."""

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from emulator.plan import Failure
from emulator.rules import formats, history, limits, media, parameters, signatures, thinking, tools
from emulator.rules.rule import OPTIONS, Ask, Policy, Rule

# The order is the order in which a request with several faults is told of them.
RULES: Sequence[Rule] = (
    limits.LISTED,
    *parameters.RULES,
    *thinking.RULES,
    *formats.RULES,
    *tools.RULES,
    *history.RULES,
    *media.RULES,
    *signatures.RULES,
    limits.WINDOW,
)
_FOR_PARTNERS = tuple(rule for rule in RULES if rule.partners)


class Judgement(Struct, frozen=True):
    """The refusal, if there is one, and what a developer should know of a request that is answered."""

    failure: Failure | None
    notes: tuple[str, ...] = ()


_PASSED = Judgement(None)
# Members that either have an effect or hold none that has not.
_EFFECTIVE = (parameters.DOCUMENTED | parameters.REFUSED) - OPTIONS


def judge(ask: Ask) -> Judgement:
    """What the first broken rule says. `--signatures warn` makes notes of what the signatures' rules say."""
    if not ask.conversation.target.shared:
        return _PASSED  # a self-deployed container has rules of its own
    notes, present = [], ask.has
    for rule in _due(present, ask.card.google, ask.policy):
        failure = rule.check(ask)
        if failure is None:
            continue
        if rule not in signatures.RULES or ask.policy.signatures != "warn":
            return Judgement(failure)
        notes.append(failure.message)
    if ask.card.google and (ask.card.ignores or not ask.conversation.body.keys() <= _EFFECTIVE):
        notes += _without_effect(ask)
    return Judgement(None, tuple(notes)) if notes else _PASSED


@lru_cache(maxsize=1024)
def _due(present: frozenset[str], google: bool, policy: Policy) -> Sequence[Rule]:
    """The rules that may find something in a request that has these members."""
    rules = [rule for rule in (RULES if google else _FOR_PARTNERS) if rule.under is None or rule.under(policy)]
    return [rule for rule in rules if not (rule.reads and rule.reads.isdisjoint(present))]


def _without_effect(ask: Ask) -> Sequence[str]:
    """What Gemini does not read. What a partner's server reads is its own affair."""
    names = [f"{place}.{name}" if place else name for name, place in parameters.ignored(ask.conversation.body)]
    names += [name for name in ask.card.ignores if getattr(ask.request, name, None) is not None]
    return [f"ignored: {', '.join(names)}"] if names else ()


__all__ = ["RULES", "Ask", "Judgement", "Policy", "Rule", "judge"]
