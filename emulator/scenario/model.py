"""Scenarios and turns, as written."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Literal

import orjson
from pydantic import Field

from emulator.conversation import Conversation
from emulator.duration import Duration
from emulator.errors import Mismatch
from emulator.pacing import Pacing
from emulator.scenario.match import Match, Strict
from emulator.scenario.replies import CallReply, ErrorReply, Reply, parts_of


class UsageFields(Strict):
    """Token counts. What is left out is computed; the total always is."""

    prompt_tokens: Annotated[int | None, Field(ge=0)] = None
    completion_tokens: Annotated[int | None, Field(ge=0)] = None
    reasoning_tokens: Annotated[int | None, Field(ge=0, description="0 leaves the details out.")] = None
    traffic_type: Annotated[str | None, Field(description="ON_DEMAND, PROVISIONED_THROUGHPUT ...")] = None


COMPUTED = UsageFields()


class PacingFields(Strict):
    """When the chunks of an answer leave. What is left out is at once."""

    first_token: Annotated[Duration, Field(description="Time to the first token.")] = 0.0
    tokens_per_second: Annotated[float, Field(ge=0, description="After the first token; 0: at once.")] = 0.0
    jitter: Annotated[
        str | None, Field(pattern=r"^\d{1,3}(\.\d+)?%$", description="How far each wait may be off, like 30%.")
    ] = None
    tokens_per_chunk: Annotated[int | None, Field(ge=1, description="How many tokens are in one chunk.")] = None

    @cached_property
    def pacing(self) -> Pacing:
        jitter = float(self.jitter[:-1]) / 100 if self.jitter else 0.0
        return Pacing(self.first_token, self.tokens_per_second, jitter)


class Turn(Strict):
    """When this is asked, reply that."""

    when: Annotated[Match, Field(description="What must hold. Left out: always, after all turns that have one.")] = (
        Match()
    )
    times: Annotated[int | None, Field(ge=1, description="How often this turn may answer, in one session.")] = None
    reply: Annotated[Reply, Field(description="A text, one part, or a list of parts in order.")]
    id: Annotated[str | None, Field(description="The id of the answer; `created` is decoded from it.")] = None
    created: Annotated[int | None, Field(description="Unix seconds, instead of the clock's.")] = None
    finish: Annotated[str | None, Field(description="The finish reason. Left out: as the parts imply.")] = None
    usage: Annotated[UsageFields, Field(description="Token counts; what is left out is computed.")] = COMPUTED
    pacing: Annotated[PacingFields | None, Field(description="When the chunks leave.")] = None

    @cached_property
    def content(self) -> bytes:
        """What the turn says, as bytes: decides its words, wherever it stands."""
        return orjson.dumps(self.model_dump(mode="json", exclude_defaults=True), option=orjson.OPT_SORT_KEYS)

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(part.call for part in parts_of(self.reply) if isinstance(part, CallReply))

    @cached_property
    def conditional(self) -> bool:
        return bool(self.when.conditions)

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Why the turn does not fit; nothing: it does."""
        yield from self.when.mismatches(conversation)
        if self._called and self.when.tool_result is None:
            answered = [result.name for result in conversation.tool_results if result.name in self._called]
            if answered:
                yield Mismatch("call", "its call not yet answered", f"a result of {answered[0]}")

    @property
    def error(self) -> ErrorReply | None:
        return self.reply if isinstance(self.reply, ErrorReply) else None


class Scenario(Strict):
    """A named list of turns: one file."""

    name: Annotated[str, Field(description="Left out: the path of the file under its folder, without suffix.")] = ""
    description: Annotated[str, Field(description="One line for people.")] = ""
    wire: Annotated[Literal["faithful", "sdk-safe"] | None, Field(description="How streams of calls are worded.")] = (
        None
    )
    pacing: Annotated[PacingFields | None, Field(description="For the turns that have none of their own.")] = None
    turns: Annotated[Sequence[Turn], Field(min_length=1)]
