"""What every reply part has in common."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import Field

from gemulator.core.json_types import JSON
from gemulator.core.plan import Part
from gemulator.core.seed import Seed
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.scenario.templates.fields import filled_fields
from gemulator.scenario.templates.template import Template, filled, strings
from gemulator.scenario.templates.variables import Variables
from gemulator.service.guided_decoding import UNCONSTRAINED, DecodingOptions


class Context(Struct, frozen=True):
    """What a reply may know when it plans itself.

    `seed` decides words, `attempt` ids. `call_id` and `sign` come from the dialect and the model: `sign` returns None
    where the model signs nothing. `decoding` is what the server reads out of the request beyond what all do, `groups`
    what the regular expressions of the `when` have caught.
    """

    conversation: Conversation
    seed: Seed
    attempt: Seed
    call_id: Callable[[Seed, str, int], str]
    sign: Callable[[str, Seed], str | None]
    decoding: DecodingOptions = UNCONSTRAINED
    first_call: bool = True
    groups: Mapping[str, str] = field(default_factory=dict)

    def below(self, *names: str | int) -> "Context":
        """The context of a named part of this answer."""
        return replace(self, seed=self.seed.child(*names), attempt=self.attempt.child(*names))

    def signature(self, given: str | Literal[False] | None, name: str) -> str | None:
        """The author's signature, none, or a minted one."""
        if given is None:
            return self.sign(name, self.seed.child("signature"))
        return given or None

    def text(self, written: str) -> str:
        """A text with its expressions filled in. ReplyError where the request lacks what one names."""
        return Template.of(written).text(self._variables) if "{{" in written else written

    def json(self, written: JSON) -> JSON:
        """A value with the expressions in its texts filled in. ReplyError as above."""
        return filled(written, self._variables)

    @property
    def _variables(self) -> Variables:
        return Variables(self.conversation, self.groups)


Signature: TypeAlias = Annotated[
    str | Literal[False] | None,
    Field(description="The thought signature, literally; `false`: none. Left out: minted where the model signs."),
]


class AnyReply(StrictModel):
    """Something under `reply`. `key` is the YAML key that names it, `example` a reply that shows it."""

    key: ClassVar[str]
    example: ClassVar[str]

    def texts(self) -> Iterator[str]:
        """The templates in it that have an expression."""
        for name in filled_fields(type(self)):
            yield from strings(getattr(self, name))


class ReplyPart(AnyReply):
    """One part of a reply."""

    def plan(self, context: Context) -> tuple[Part, ...]:
        """The parts of the answer, every choice made. ReplyError where it does not go with the request."""
        raise TypeError(f"{type(self).__name__} cannot be planned")  # pragma: no cover
