"""JSON reply."""

from typing import Annotated, ClassVar

import orjson
from pydantic import Field

from gemulator.core.errors import ReplyError
from gemulator.core.plan import Part, Text
from gemulator.scenario.replies.chunks import Chunks, split
from gemulator.scenario.replies.reply import Context, ReplyPart
from gemulator.scenario.templates.fields import TemplateValue


class JsonReply(ReplyPart):
    """A value as JSON text. It must be valid against the schema of the request, if it has one."""

    key: ClassVar[str] = "json"
    example: ClassVar[str] = "{ json: { total: 12.5, currency: EUR } }"
    value: Annotated[TemplateValue, Field(alias="json", description="Value. To send an invalid answer, use `text`.")]
    chunks: Annotated[Chunks | None, Field(description="Size of the chunks of a stream.")] = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        value = context.json(self.value)
        schema = context.conversation.request.response_schema
        if schema is not None:
            from gemulator.generate.json_schema import problem_with

            problem = problem_with(schema, value)
            if problem is not None:
                raise ReplyError(f"`json` is invalid against the schema of the request: {problem}")
        text = orjson.dumps(value).decode()
        return (Text(text, context.signature(None, ""), split(self.chunks, text)),)
