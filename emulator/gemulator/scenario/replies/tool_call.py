"""Tool call reply."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from gemulator.core.json_types import JSON, dump_json
from gemulator.core.plan import Part, ToolCall
from gemulator.scenario.replies.chunks import Chunks, literal_pieces, split
from gemulator.scenario.replies.reply import Context, ReplyPart, Signature
from gemulator.scenario.templates.fields import TemplateObject, TemplateText


class CallReply(ReplyPart):
    """A call of a tool of the request."""

    key: ClassVar[str] = "call"
    example: ClassVar[str] = "{ call: get_weather, with: { city: Paris } }"
    call: Annotated[str, Field(min_length=1, description="Name of the tool.")]
    given: Annotated[
        TemplateObject | None,
        Field(
            alias="with",
            description="Arguments. Missing required ones are generated from the tool's schema; if `with` is omitted,"
            " all are.",
        ),
    ] = None
    arguments: Annotated[
        TemplateText | None,
        Field(description="Arguments as raw text instead of `with`, for example invalid JSON."),
    ] = None
    chunks: Annotated[
        Chunks | None,
        Field(description="Chunks of streamed arguments: raw pieces instead of `with`, or their size."),
    ] = None
    id: Annotated[str | None, Field(description="Id of the call.")] = None
    thought_signature: Signature = None

    @model_validator(mode="after")
    def _validate_single_source(self) -> "CallReply":
        written = (self.given, self.arguments, literal_pieces(self.chunks))
        if sum(way is not None for way in written) > 1:
            raise ValueError("the arguments are set twice: keep one of `with`, `arguments` and a list of `chunks`")
        return self

    def plan(self, context: Context) -> tuple[Part, ...]:
        pieces = literal_pieces(self.chunks)
        filled = tuple(map(context.text, pieces)) if pieces is not None else None
        arguments = self._arguments(context) if filled is None else "".join(filled)
        call_id = context.call_id(context.attempt.child("call"), self.call, 0) if self.id is None else self.id
        # Only the first of parallel calls is signed (fidelity.md, Thought signatures).
        given = self.thought_signature if context.first_call or self.thought_signature else False
        return (
            ToolCall(
                call_id, self.call, arguments, context.signature(given, self.call), filled or self._split(arguments)
            ),
        )

    def _split(self, arguments: str) -> tuple[str, ...] | None:
        return split(self.chunks, arguments)

    def _arguments(self, context: Context) -> str:
        if self.arguments is not None:
            return context.text(self.arguments)
        given = None if self.given is None else context.json(self.given)
        return dump_json(_complete_arguments(given, self._schema(context), context))

    def _schema(self, context: Context) -> JSON:
        offered = context.conversation.request.functions_offered
        return next((function.arguments for function in offered if function.name == self.call), None)


def _complete_arguments(given: dict[str, JSON] | None, schema: JSON, context: Context) -> JSON:
    """Return the given arguments, completed as the schema requires. Given values stay even if they are invalid."""
    if schema is None or not _needs_completion(given, schema):
        return given or {}
    from gemulator.generate.json_schema import Unsatisfiable, value_for

    try:
        return value_for(schema, context.seed.child("arguments"), given=given, budget=context.budget)
    except Unsatisfiable:
        if given is None:
            raise
        return given


def _needs_completion(given: dict[str, JSON] | None, schema: JSON) -> bool:
    if given is None:
        return True
    required = schema.get("required") if isinstance(schema, dict) else None
    return isinstance(required, list) and any(isinstance(key, str) and key not in given for key in required)
