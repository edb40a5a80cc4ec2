"""Request validation by the table of the service's rules."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.request.conversation import Conversation
from gemulator.request.message import Message
from gemulator.request.parsed import History, ParsedMessage, ParsedRequest, RequestEnvelope
from gemulator.request.target import Target
from gemulator.service.catalog import Model
from gemulator.service.rules import formats, history, limits, media, parameters, signatures, thinking, tools
from gemulator.service.rules.rule import STRICTNESS, Policy, Rule, RuleContext, features_present

# A request that breaks several rules gets the refusal of the first one.
RULES: Sequence[Rule] = (
    limits.LISTED,
    *limits.LOCATION_RULES,
    *parameters.RULES,
    *thinking.RULES,
    *formats.RULES,
    *tools.RULES,
    *history.RULES,
    *media.RULES,
    *signatures.RULES,
    limits.WINDOW,
)
_PARTNER_RULES = tuple(rule for rule in RULES if rule.partners)


class RuleResult(Struct, frozen=True):
    """Refusal of a request, if any, and notes for the developer on an accepted one.

    `tolerated` are those notes that are refusals at the default strictness.
    """

    failure: Failure | None
    notes: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()


_ALLOWED = RuleResult(None)


def check_request(context: RuleContext) -> RuleResult:
    """Return the refusal of the first broken rule; rules that the policy does not enforce leave a note instead."""
    conversation = context.conversation
    if not conversation.target.shared:
        return _ALLOWED  # a self-deployed container has rules of its own
    checks = context.envelope.memoize(
        _applicable_rules,
        context.model,
        context.policy,
        conversation.target,
        conversation.features,
    )
    notes, tolerated = [], []
    for rule, known in checks.rules:
        failure = rule.check(context) if known is None else known
        if failure is None:
            continue
        if rule.refuses(context.policy):
            return RuleResult(_with_way_on(failure, rule, context.policy))
        notes.append(f"{failure.cause}: {failure.message}")
        if rule.strictness != "strict":
            tolerated.append(notes[-1])
    return RuleResult(None, (*notes, *checks.notes), tuple(tolerated)) if notes or checks.notes else _ALLOWED


def _with_way_on(failure: Failure, rule: Rule, policy: Policy) -> Failure:
    """Return the failure with the option that makes it a note, if there is one, as a further remedy."""
    option = policy.milder_option(rule)
    return failure if option is None else replace(failure, remedy=f"{failure.remedy}, or `{option}`")


class ApplicableRules(Struct, frozen=True):
    """Rules that can fail, each with its failure if that follows from the envelope, and the envelope's notes."""

    rules: Sequence[tuple[Rule, Failure | None]]
    notes: Sequence[str]


def _applicable_rules(
    envelope: RequestEnvelope, model: Model, policy: Policy, target: Target, features: int
) -> ApplicableRules:
    """Return the rules that can fail for such messages.

    Rules that read no message are checked here, once per envelope and target.
    """
    present = envelope.members | features_present(features)
    rules = [
        rule
        for rule in (RULES if model.is_gemini else _PARTNER_RULES)
        if rule.enabled_if is None or rule.enabled_if(policy)
    ]
    rules = [rule for rule in rules if not (rule.requires and rule.requires.isdisjoint(present))]
    empty = ParsedRequest(envelope.request, envelope, History.of(()), ParsedMessage(Message("user"), b""), b"")
    alone = RuleContext.of(Conversation(empty, target, {}), model, policy, _is_never_genuine)
    checked = [(rule, None if rule.reads_messages else rule.check(alone)) for rule in rules]
    kept = [(rule, failure) for rule, failure in checked if rule.reads_messages or failure is not None]
    return ApplicableRules(kept, _ignored_note(envelope, model) if model.is_gemini else ())


def _is_never_genuine(name: str, signature: str) -> bool:
    return False


def _ignored_note(envelope: RequestEnvelope, model: Model) -> Sequence[str]:
    """Return a note on the fields that Gemini ignores, if there are any."""
    names = [f"{path}.{name}" if path else name for name, path in parameters.ignored_fields(envelope.body)]
    names += [name for name in model.ignores if getattr(envelope.request, name, None) is not None]
    return [f"ignored: {', '.join(names)}"] if names else ()


__all__ = ["RULES", "STRICTNESS", "Policy", "Rule", "RuleContext", "RuleResult", "check_request"]
