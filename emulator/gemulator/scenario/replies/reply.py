"""Base classes of replies, and the context of planning."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import Field

from gemulator.core.budget import Budget
from gemulator.core.json_types import JSON
from gemulator.core.plan import Part
from gemulator.core.seed import Seed
from gemulator.core.settings import ToolCalls
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.scenario.templates.fields import template_fields
from gemulator.scenario.templates.template import Template, fill, template_strings
from gemulator.scenario.templates.variables import Variables
from gemulator.scenario.templates.work import Work
from gemulator.service.guided_decoding import UNCONSTRAINED, DecodingOptions


class Context(Struct, frozen=True):
    """Inputs for planning a reply.

    `seed` decides text, `attempt` ids. `call_id` and `sign` come from dialect and model: `sign` returns None if the
    model does not sign. `decoding` holds server-specific options of the request, `groups` the captured groups of
    the regular expressions in `when`. `budget` is the work limit of the whole request, `now` the time in Unix
    seconds. `tool_calls` decides if a generated answer calls a tool that has nothing to do with the prompt.
    """

    conversation: Conversation
    seed: Seed
    attempt: Seed
    call_id: Callable[[Seed, str, int], str]
    sign: Callable[[str, Seed], str | None]
    decoding: DecodingOptions = UNCONSTRAINED
    first_call: bool = True
    groups: Mapping[str, str] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    budget: Budget = field(default_factory=Budget)
    now: float = 0.0
    tool_calls: ToolCalls = "related"

    def child(self, *names: str | int) -> "Context":
        """Return the context of a named part of the answer."""
        return replace(self, seed=self.seed.child(*names), attempt=self.attempt.child(*names))

    def signature(self, given: str | Literal[False] | None, name: str) -> str | None:
        """Return the author's signature, None for `false`, or a generated one."""
        if given is None:
            return self.sign(name, self.seed.child("signature"))
        return None if given is False else given

    def text(self, written: str) -> str:
        """Fill in the expressions of a text. Raises ReplyError if the request lacks a value."""
        return Template.of(written).text(self._variables) if "{{" in written else written

    def json(self, written: JSON) -> JSON:
        """Fill in the expressions in all texts of a value. Raises ReplyError if the request lacks a value."""
        return fill(written, self._variables)

    @property
    def _variables(self) -> Variables:
        return Variables(self.conversation, self.groups, self.work, self.now, self.seed)


Signature: TypeAlias = Annotated[
    str | Literal[False] | None,
    Field(description="Thought signature, literally; `false`: none. Default: generated if the model signs."),
]


class AnyReply(StrictModel):
    """Base of all replies. `key` is the YAML key that selects the class, `example` a YAML example."""

    key: ClassVar[str]
    example: ClassVar[str]

    @property
    def is_error(self) -> bool:
        """Return True if the whole answer is an error: it is sent even to requests that the service refuses."""
        return False

    def templates(self) -> Iterator[str]:
        """Yield the texts that contain an expression."""
        for name in template_fields(type(self)):
            yield from template_strings(getattr(self, name))


class ReplyPart(AnyReply):
    """Base of the parts of a reply."""

    def plan(self, context: Context) -> tuple[Part, ...]:
        """Return the planned parts of the answer. Raises ReplyError if the reply does not fit the request."""
        raise TypeError(f"{type(self).__name__} cannot be planned")  # pragma: no cover
