"""Types of a request rule: policy, context, rule."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Self, TypeAlias

from msgspec import Struct

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.core.settings import Settings
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.request.parsed import RequestEnvelope
from gemulator.service.catalog import Model

Signatures = Literal["enforce", "strict", "warn", "off"]


class Policy(NamedTuple):
    """Strictness of the rules."""

    strict_params: bool = False
    strict_media: bool = False
    listed_only: bool = False
    signatures: Signatures = "enforce"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the policy that the settings define."""
        return cls(settings.strict_params, settings.strict_media, settings.models == "catalog", settings.signatures)


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


class Rule(Struct, frozen=True):
    """Pure check of one request. `partners` applies it to partner models too.

    `fact` is its source: the words, after `§` and the chapter (fidelity.md, Parameters).

    The check can only fail if the request has one of `requires`: members of the body, or `calls` or `parts` in a
    message. If empty, it is always made. `enabled_if` tells if a policy enables the rule; None means always.
    """

    name: str
    fact: str
    check: Check
    requires: frozenset[str] = frozenset()
    partners: bool = False
    enabled_if: Callable[[Policy], bool] | None = None

    @property
    def reads_messages(self) -> bool:
        """Return True if the check reads messages; the result of other checks depends on the envelope only."""
        return not self.requires.isdisjoint({"messages", "calls", "parts"})


def requires(*names: str) -> frozenset[str]:
    """Return the `requires` of a rule."""
    return frozenset(names)
