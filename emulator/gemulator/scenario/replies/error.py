"""Error and block replies."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from gemulator.core.duration import Duration
from gemulator.core.plan import Failure
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.compare import shape_tag
from gemulator.scenario.replies.error_presets import NAMES, refusal, validate_name
from gemulator.scenario.replies.reply import AnyReply
from gemulator.scenario.templates.fields import TemplateText


class ErrorReply(AnyReply):
    """An error of the emulated service, by default with Google's message."""

    key: ClassVar[str] = "error"
    example: ClassVar[str] = "{ error: 429, retry_after: 1s }"
    error: Annotated[
        Annotated[int, Field(ge=400, le=599), Tag("<number>")]
        | Annotated[str, AfterValidator(validate_name), WithJsonSchema({"enum": NAMES}), Tag("<words>")],
        Discriminator(shape_tag),
        Field(description="HTTP status, or name of a preset error."),
    ]
    message: Annotated[TemplateText | None, Field(description="Message. Default: Google's.")] = None
    status: Annotated[str | None, Field(description="Google's status name, like RESOURCE_EXHAUSTED.")] = None
    details: Annotated[list[dict[str, Any]] | None, Field(description="Error details, literally.")] = None
    retry_after: Annotated[Duration | None, Field(description="Value of the Retry-After header.")] = None

    def failure(self, message: str | None, conversation: Conversation) -> Failure:
        """Return the failure, completed with the defaults of the service."""
        given = (message, self.status, self.details, self.retry_after)
        return refusal(self.error, *given, values=conversation.url_names)


Reason = Literal["safety", "recitation", "prohibited_content", "blocklist", "spii", "prompt"]

# From a captured `openapi` stream, without the feedback link (fidelity.md, Finish reasons).
_PROMPT = (
    "The prompt could not be submitted. The prompt contains sensitive words that violate Google's [Generative AI"
    " Prohibited Use policy](https://policies.google.com/terms/generative-ai/use-policy). Try rephrasing the prompt."
)


class BlockReply(AnyReply):
    """A blocked answer without a message. With `prompt` the prompt is blocked, and the answer says so."""

    key: ClassVar[str] = "block"
    example: ClassVar[str] = "{ block: safety }"
    block: Annotated[Reason, Field(description="Reason of the block.")]
    message: Annotated[TemplateText | None, Field(description="Message for a blocked prompt. Default: Google's.")] = (
        None
    )

    @property
    def finish(self) -> str:
        """Return the finish reason: OpenAI's word, then the native one."""
        return f"content_filter: {'PROHIBITED_CONTENT' if self.block == 'prompt' else self.block.upper()}"

    @property
    def refusal(self) -> str | None:
        return (self.message or _PROMPT) if self.block == "prompt" else None
