"""Types of a request rule: policy, context, rule."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Literal, NamedTuple, Self, TypeAlias, get_args

from msgspec import Struct

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.core.settings import Settings, Signatures, Strictness
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.request.message import CALLS, EMPTY, MEDIA, TURN
from gemulator.request.parsed import RequestEnvelope
from gemulator.service.catalog import Model

Group = Literal["signatures", "media", "params"]
STRICTNESS: Sequence[Strictness] = get_args(Strictness)  # the mildest first


class Policy(NamedTuple):
    """Strictness of the rules; the options of one group take precedence over the general one."""

    strictness: Strictness = "service"
    strict_params: bool | None = None
    strict_media: bool | None = None
    signatures: Signatures | None = None
    listed_only: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, strictness: Strictness | None, signatures: Signatures | None) -> Self:
        """Return the policy that the settings define, with the strictness and signatures of a request if not None."""
        return cls(
            strictness or settings.strictness,
            settings.strict_params,
            settings.strict_media,
            signatures or settings.signatures,
            settings.models == "catalog",
        )

    def strictness_of(self, group: Group | None) -> Strictness:
        """Return the strictness that applies to a group of rules."""
        if group == "signatures":
            return _BY_SIGNATURES.get(self.signatures, self.strictness)
        chosen = {"params": self.strict_params, "media": self.strict_media}.get(group or "")
        if chosen is None:
            return self.strictness
        return "strict" if chosen else "service"

    def milder_option(self, rule: "Rule") -> str | None:
        """Return the option that would make a refusal of the rule a note, None if it is always made."""
        if rule.strictness == "lenient":
            return None
        if rule.group == "signatures" and self.signatures is not None:
            return "--signatures warn"
        chosen = {"params": self.strict_params, "media": self.strict_media}.get(rule.group or "")
        if chosen is not None:
            return f"--no-strict-{rule.group}"
        return f"--strictness {STRICTNESS[STRICTNESS.index(rule.strictness) - 1]}"


_BY_SIGNATURES: Mapping[Signatures | None, Strictness] = {
    "off": "lenient",
    "warn": "lenient",
    "enforce": "service",
    "strict": "strict",
}


SignatureCheck: TypeAlias = Callable[[str, str], bool]


class RuleContext(Struct, frozen=True, gc=False):
    """Request to check; `size` is the length of its body in bytes.

    `is_genuine(name, signature)` tells if gemulator made the signature for that function.
    """

    conversation: Conversation
    model: Model
    policy: Policy
    is_genuine: SignatureCheck
    size: int
    request: ChatRequest
    envelope: RequestEnvelope

    @property
    def google(self) -> Mapping[str, JSON]:
        """Return the request's `google` options."""
        return self.conversation.request.google_options

    @classmethod
    def of(cls, conversation: Conversation, model: Model, policy: Policy, is_genuine: SignatureCheck) -> Self:
        """Return the context of a conversation."""
        parsed = conversation.parsed
        return cls(conversation, model, policy, is_genuine, len(parsed.raw), parsed.request, parsed.envelope)


Check: TypeAlias = Callable[[RuleContext], Failure | None]

OPTIONS = frozenset({"extra_body", "google"})  # members with Google's own options
_FEATURES = {"calls": CALLS, "parts": MEDIA, "empty": EMPTY}
_OF_MESSAGES = frozenset({"messages", "no turns", *_FEATURES})


class Rule(Struct, frozen=True):
    """Pure check of one request. `partners` applies it to partner models too.

    `fact` is its source: the words, after `§` and the chapter (fidelity.md, Parameters).

    The check can only fail if the request has one of `requires`: members of the body, or features of its messages (see
    `features_present`). If empty, it is always made. `enabled_if` tells if a policy enables the rule; None means
    always. `strictness` is the mildest at which the rule refuses; below it, its message becomes a note. `group` is the
    group of rules with an option of its own.
    """

    name: str
    fact: str
    check: Check
    requires: frozenset[str] = frozenset()
    partners: bool = False
    enabled_if: Callable[[Policy], bool] | None = None
    strictness: Strictness = "service"
    group: Group | None = None

    def refuses(self, policy: Policy) -> bool:
        """Return True if a request that breaks the rule is refused, not just noted."""
        applied = policy.strictness_of(self.group)
        return STRICTNESS.index(applied) >= STRICTNESS.index(self.strictness)

    @property
    def reads_messages(self) -> bool:
        """Return True if the check reads messages; the result of other checks depends on the envelope only."""
        return not self.requires.isdisjoint(_OF_MESSAGES)


def features_present(features: int) -> Set[str]:
    """Return the features of messages, as rules require them: `calls`, `parts` or `empty` in one, or `no turns`."""
    present = {name for name, bit in _FEATURES.items() if features & bit}
    return present if features & TURN else present | {"no turns"}


def requires(*names: str) -> frozenset[str]:
    """Return the `requires` of a rule."""
    return frozenset(names)
