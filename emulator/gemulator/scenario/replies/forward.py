"""Reply of an upstream."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gemulator.scenario.replies.reply import AnyReply


class ForwardReply(AnyReply):
    """The answer of the server at `--upstream`, which no scenario can name."""

    key: ClassVar[str] = "forward"
    example: ClassVar[str] = "{ forward: true, model: llama3.2 }"
    forward: Annotated[Literal[True], Field(description="`true`: send the request to the upstream.")]
    model: Annotated[
        str | None,
        Field(min_length=1, description="Model of an OpenAI-compatible upstream. Default: --upstream-model."),
    ] = None
