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
    """A refusal by the emulated service, in Google's own words unless given."""

    key: ClassVar[str] = "error"
    example: ClassVar[str] = "{ error: 429, retry_after: 1s }"
    error: Annotated[
        Annotated[int, Field(ge=400, le=599), Tag("<number>")]
        | Annotated[str, AfterValidator(validate_name), WithJsonSchema({"enum": NAMES}), Tag("<words>")],
        Discriminator(shape_tag),
        Field(description="The HTTP status, or the name of one of Google's refusals."),
    ]
    message: Annotated[TemplateText | None, Field(description="The message. Left out: Google's own.")] = None
    status: Annotated[str | None, Field(description="Google's name for it, like RESOURCE_EXHAUSTED.")] = None
    details: Annotated[list[dict[str, Any]] | None, Field(description="The details, literally.")] = None
    retry_after: Annotated[Duration | None, Field(description="Sent as the Retry-After header.")] = None

    def failure(self, message: str | None, conversation: Conversation) -> Failure:
        """Return the failure, completed with the defaults of the service."""
        given = (message, self.status, self.details, self.retry_after)
        return refusal(self.error, *given, values=conversation.names)


Reason = Literal["safety", "recitation", "prohibited_content", "blocklist", "spii", "prompt"]

# From a captured `openapi` stream, without the feedback link (fidelity.md, Finish reasons).
_PROMPT = (
    "The prompt could not be submitted. The prompt contains sensitive words that violate Google's [Generative AI"
    " Prohibited Use policy](https://policies.google.com/terms/generative-ai/use-policy). Try rephrasing the prompt."
)


class BlockReply(AnyReply):
    """An answer that is held back for safety: no message at all. `prompt`: the prompt itself is refused, in words."""

    key: ClassVar[str] = "block"
    example: ClassVar[str] = "{ block: safety }"
    block: Annotated[Reason, Field(description="Why.")]
    message: Annotated[
        TemplateText | None, Field(description="What a refused prompt gets told. Left out: Google's own.")
    ] = None

    @property
    def finish(self) -> str:
        """Return the finish reason: OpenAI's word, then the native one."""
        return f"content_filter: {'PROHIBITED_CONTENT' if self.block == 'prompt' else self.block.upper()}"

    @property
    def refusal(self) -> str | None:
        return (self.message or _PROMPT) if self.block == "prompt" else None
