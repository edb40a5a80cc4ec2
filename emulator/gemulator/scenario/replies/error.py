"""Error and block replies."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from gemulator.core.duration import Duration
from gemulator.core.plan import Failure
from gemulator.scenario.conditions.compare import shape_tag
from gemulator.scenario.json_path import text_of
from gemulator.scenario.replies.error_presets import NAMES, preset_of, refusal, validate_name
from gemulator.scenario.replies.reply import AnyReply
from gemulator.scenario.templates.fields import TemplateObject, TemplateText
from gemulator.scenario.templates.template import Template, fill
from gemulator.scenario.templates.variables import Variables


class ErrorReply(AnyReply):
    """An error of the emulated service, by default with Google's message."""

    key: ClassVar[str] = "error"
    example: ClassVar[str] = "{ error: 429, retry_after: 1s }"
    error: Annotated[
        Annotated[int, Field(ge=400, le=599), Tag("<number>")]
        | Annotated[str, AfterValidator(validate_name), WithJsonSchema({"enum": NAMES}), Tag("<words>")],
        Discriminator(shape_tag),
        Field(description="HTTP status, or name of an error of the service: see docs/errors.md."),
    ]
    given: Annotated[
        TemplateObject | None,
        Field(
            alias="with",
            description="Values for Google's message, like `{ function: get_time }`. Default: those of an example.",
        ),
    ] = None
    message: Annotated[TemplateText | None, Field(description="Message. Default: Google's.")] = None
    status: Annotated[str | None, Field(description="Google's status name, like RESOURCE_EXHAUSTED.")] = None
    field: Annotated[str | None, Field(description="Path of the invalid field, which the details name.")] = None
    details: Annotated[list[dict[str, Any]] | None, Field(description="Error details, literally.")] = None
    retry_after: Annotated[
        Duration | None,
        Field(description="Value of `retry-after`; with a fraction, `retry-after-ms` too."),
    ] = None

    @model_validator(mode="after")
    def _validate_given(self) -> Self:
        known = preset_of(self.error).parameters
        for name in self.given or ():
            if name not in known:
                raise ValueError(f"`with` has the unknown name `{name}`: {_suggestion(name, known)}")
        if self.given and self.message is not None:
            raise ValueError("`message` replaces the message that `with` fills: remove one of them")
        return self

    @property
    def is_error(self) -> bool:
        return True

    def failure(self, variables: Variables) -> Failure:
        """Return the failure, completed with the defaults of the service. Raise ReplyError if a template fails."""
        message = None if self.message is None else Template.of(self.message).text(variables)
        own = {name: text_of(fill(value, variables)) for name, value in (self.given or {}).items()}
        values = {**variables.conversation.url_names, **own}
        return refusal(self.error, message, self.status, self.details, self.retry_after, values, self.field)


def _suggestion(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"use {', '.join(f'`{one}`' for one in known)}" if known else "the message of this error has no values"


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
        if self.block != "prompt":
            return None
        return _PROMPT if self.message is None else self.message
