"""What a rule is: a name, the fact that it implements, and a pure check of one request."""

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
    """How severe the rules are, as the settings say."""

    strict_params: bool = False
    strict_media: bool = False
    listed_only: bool = False
    signatures: Signatures = "enforce"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As these settings say."""
        return cls(settings.strict_params, settings.strict_media, settings.models == "catalog", settings.signatures)


Genuine: TypeAlias = Callable[[str, str], bool]


class RuleContext(Struct, frozen=True, gc=False):
    """A request to judge; `size`: the bytes of its body.

    `genuine(name, signature)`: whether we made the signature for that function.
    """

    conversation: Conversation
    card: Model
    policy: Policy
    genuine: Genuine
    size: int
    request: ChatRequest
    frame: RequestEnvelope

    @property
    def google(self) -> Mapping[str, JSON]:
        """The request's options of that name."""
        return self.conversation.request.google_options

    @classmethod
    def of(cls, conversation: Conversation, card: Model, policy: Policy, genuine: Genuine) -> Self:
        """What is to be judged of a conversation."""
        parsed = conversation.parsed
        return cls(conversation, card, policy, genuine, len(parsed.raw), parsed.request, parsed.envelope)


Check: TypeAlias = Callable[[RuleContext], Failure | None]

OPTIONS = frozenset({"extra_body", "google"})  # where Google's own options are


class Rule(Struct, frozen=True):
    """`fact` is its place in wire-facts; `partners`: it holds for partner models too.

    `reads` is what a request must have for the check to find anything: one of these members of the body, or `calls` or
    `parts` in a message; empty: it is always made. `under` is what the policy must say for it; None: nothing.
    """

    name: str
    fact: str
    check: Check
    requires: frozenset[str] = frozenset()
    partners: bool = False
    enabled_if: Callable[[Policy], bool] | None = None

    @property
    def of_messages(self) -> bool:
        """Whether it looks at messages: what other rules say of a frame holds for all messages in it."""
        return not self.requires.isdisjoint({"messages", "calls", "parts"})


def reads(*names: str) -> frozenset[str]:
    """What a rule reads."""
    return frozenset(names)
