"""What the service refuses: one table of rules, run once for each request."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.plan import Failure
from emulator.rules import formats, history, limits, media, parameters, signatures, thinking, tools
from emulator.rules.rule import Ask, Policy, Rule

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """The refusal, if there is one, and what a developer should know of a request that is answered."""

    failure: Failure | None
    notes: tuple[str, ...] = ()


def judge(ask: Ask) -> Judgement:
    """What the first broken rule says. `--signatures warn` makes notes of what the signatures' rules say."""
    if not ask.conversation.target.shared:
        return Judgement(None)  # a self-deployed container has rules of its own
    notes, present = [], ask.has
    for rule in RULES if ask.card.google else _FOR_PARTNERS:
        if rule.reads and rule.reads.isdisjoint(present):
            continue
        failure = rule.check(ask)
        if failure is None:
            continue
        if rule not in signatures.RULES or ask.policy.signatures != "warn":
            return Judgement(failure)
        notes.append(failure.message)
    return Judgement(None, (*notes, *_without_effect(ask)))


def _without_effect(ask: Ask) -> Sequence[str]:
    if not ask.card.google:
        return ()  # what a partner's server reads is its own affair
    names = [f"{place}.{name}" if place else name for name, place in parameters.ignored(ask.conversation.body)]
    names += [name for name in ask.card.ignores if getattr(ask.request, name, None) is not None]
    return [f"ignored: {', '.join(names)}"] if names else ()


__all__ = ["RULES", "Ask", "Judgement", "Policy", "Rule", "judge"]
