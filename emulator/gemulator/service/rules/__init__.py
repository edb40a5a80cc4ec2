"""What the service refuses: one table of rules, run once for each request."""

from collections.abc import Sequence

from msgspec import Struct

from gemulator.core.plan import Failure
from gemulator.request.conversation import Conversation
from gemulator.request.message import Message
from gemulator.request.parsed import History, ParsedMessage, ParsedRequest, RequestEnvelope
from gemulator.request.target import Target
from gemulator.service.catalog import Model
from gemulator.service.rules import formats, history, limits, media, parameters, signatures, thinking, tools
from gemulator.service.rules.rule import Policy, Rule, RuleContext

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


class RuleResult(Struct, frozen=True):
    """The refusal, if there is one, and what a developer should know of a request that is answered."""

    failure: Failure | None
    notes: tuple[str, ...] = ()


_PASSED = RuleResult(None)
_NOWHERE = Target("", "", "", "")


def check_request(ask: RuleContext) -> RuleResult:
    """What the first broken rule says. `--signatures warn` makes notes of what the signatures' rules say."""
    conversation = ask.conversation
    if not conversation.target.shared:
        return _PASSED  # a self-deployed container has rules of its own
    rules, ignored = ask.frame.memoize(
        _applicable_rules, ask.card, ask.policy, conversation.has_tool_calls, conversation.media
    )
    notes = []
    for rule in rules:
        failure = rule.check(ask)
        if failure is None:
            continue
        if rule not in signatures.RULES or ask.policy.signatures != "warn":
            return RuleResult(failure)
        notes.append(failure.message)
    return RuleResult(None, (*notes, *ignored)) if notes or ignored else _PASSED


def _applicable_rules(
    frame: RequestEnvelope, card: Model, policy: Policy, calls: bool, media: bool
) -> tuple[Sequence[Rule], Sequence[str]]:
    """The rules that may find something in such messages, and what the frame has in vain.

    Rules that read no message are asked here, once for a frame, and left out if all of them are content.
    """
    present = frame.members | ({"calls"} if calls else set()) | ({"parts"} if media else set())
    rules = [
        rule for rule in (RULES if card.google else _FOR_PARTNERS) if rule.enabled_if is None or rule.enabled_if(policy)
    ]
    rules = [rule for rule in rules if not (rule.requires and rule.requires.isdisjoint(present))]
    empty = ParsedRequest(frame.request, frame, History.of(()), ParsedMessage(Message("user"), b""), b"")
    alone = RuleContext.of(Conversation(empty, _NOWHERE, {}), card, policy, _never)
    if not any(rule.check(alone) for rule in rules if not rule.of_messages):
        rules = [rule for rule in rules if rule.of_messages]
    return rules, _without_effect(frame, card) if card.google else ()


def _never(name: str, signature: str) -> bool:
    return False


def _without_effect(frame: RequestEnvelope, card: Model) -> Sequence[str]:
    """What Gemini does not read. What a partner's server reads is its own affair."""
    names = [f"{place}.{name}" if place else name for name, place in parameters.ignored(frame.body)]
    names += [name for name in card.ignores if getattr(frame.request, name, None) is not None]
    return [f"ignored: {', '.join(names)}"] if names else ()


__all__ = ["RULES", "Policy", "Rule", "RuleContext", "RuleResult", "check_request"]
