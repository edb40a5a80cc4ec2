"""A call of one of the request's tools."""

from typing import Annotated, ClassVar

import orjson
from pydantic import Field, model_validator

from gemulator.core.json_types import JSON
from gemulator.core.plan import Part, ToolCall
from gemulator.scenario.replies.chunks import Chunks, cut, literal
from gemulator.scenario.replies.reply import Context, ReplyPart, Signature
from gemulator.scenario.templates.fields import Fields, Words


class CallReply(ReplyPart):
    """A call of one of the request's tools."""

    key: ClassVar[str] = "call"
    example: ClassVar[str] = "{ call: get_weather, with: { city: Paris } }"
    call: Annotated[str, Field(min_length=1, description="The name of the tool.")]
    given: Annotated[
        Fields | None,
        Field(
            alias="with",
            description="The arguments. Left out: made from the tool's own schema. What the schema requires and is not"
            " given is made too.",
        ),
    ] = None
    arguments: Annotated[
        Words | None, Field(description="The arguments as raw text, broken on purpose if you like; instead of `with`.")
    ] = None
    chunks: Annotated[
        Chunks | None,
        Field(description="How streamed arguments are cut: raw pieces (instead of `with`), or their size."),
    ] = None
    id: Annotated[str | None, Field(description="The id of the call, literally.")] = None
    thought_signature: Signature = None

    @model_validator(mode="after")
    def _once(self) -> "CallReply":
        written = (self.given, self.arguments, literal(self.chunks))
        if sum(way is not None for way in written) > 1:
            raise ValueError("the arguments are given twice: keep one of `with`, `arguments` and a list of `chunks`")
        return self

    def plan(self, context: Context) -> tuple[Part, ...]:
        pieces = literal(self.chunks)
        filled = tuple(map(context.text, pieces)) if pieces is not None else None
        arguments = self._arguments(context) if filled is None else "".join(filled)
        call_id = self.id or context.call_id(context.attempt.child("call"), self.call, 0)
        # Of parallel calls only the first is signed (fidelity.md, Thought signatures).
        given = self.thought_signature if context.first_call or self.thought_signature else False
        return (
            ToolCall(
                call_id, self.call, arguments, context.signature(given, self.call), filled or self._cut(arguments)
            ),
        )

    def _cut(self, arguments: str) -> tuple[str, ...] | None:
        return cut(self.chunks, arguments)

    def _arguments(self, context: Context) -> str:
        if self.arguments is not None:
            return context.text(self.arguments)
        given = None if self.given is None else context.json(self.given)
        return orjson.dumps(_completed(given, self._schema(context), context)).decode()

    def _schema(self, context: Context) -> JSON:
        offered = context.conversation.request.functions_offered
        return next((function.arguments for function in offered if function.name == self.call), None)


def _completed(given: dict[str, JSON] | None, schema: JSON, context: Context) -> JSON:
    """What is given, and what the schema requires beside it. An author's value stands even where it does not fit."""
    if schema is None or not _lacking(given, schema):
        return given or {}
    from gemulator.generate.json_schema import Unsatisfiable, value_for

    try:
        return value_for(schema, context.seed.child("arguments"), given=given)
    except Unsatisfiable:
        if given is None:
            raise
        return given


def _lacking(given: dict[str, JSON] | None, schema: JSON) -> bool:
    if given is None:
        return True
    required = schema.get("required") if isinstance(schema, dict) else None
    return isinstance(required, list) and any(isinstance(key, str) and key not in given for key in required)
