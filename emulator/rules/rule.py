"""What a rule is: a name, the fact that it implements, and a pure check of one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from emulator.catalog import Model
from emulator.conversation import Conversation
from emulator.plan import Failure
from emulator.request import JSON, ChatRequest
from emulator.settings import Settings

Signatures = Literal["enforce", "strict", "warn", "off"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How severe the rules are, as the settings say."""

    strict_params: bool = False
    strict_media: bool = False
    listed_only: bool = False
    signatures: Signatures = "enforce"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As these settings say."""
        return cls(settings.strict_params, settings.strict_media, settings.models == "catalog", settings.signatures)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to judge. `genuine(name, signature)`: whether we made the signature for that function."""

    conversation: Conversation
    card: Model
    policy: Policy
    genuine: Callable[[str, str], bool]

    @property
    def request(self) -> ChatRequest:
        return self.conversation.request

    @property
    def google(self) -> Mapping[str, JSON]:
        """The options of `extra_body.google`."""
        return self.conversation.request.google_options


Check: TypeAlias = Callable[[Ask], Failure | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`fact` is its place in wire-facts; `partners`: it holds for partner models too."""

    name: str
    fact: str
    check: Check
    partners: bool = False
