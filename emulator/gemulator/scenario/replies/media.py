"""Image and audio replies: generated, or files of the scenario folder."""

import base64
from functools import cached_property
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from gemulator.core.duration import Duration
from gemulator.core.plan import Media, Part
from gemulator.scenario.replies.reply import Context, ReplyPart, Signature
from gemulator.scenario.templates.fields import TemplateText

ImageType: TypeAlias = Literal["image/png", "image/jpeg", "image/webp"]

_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
}


class _MediaReply(ReplyPart):
    """Base of replies with generated data or a file."""

    file: Annotated[str | None, Field(description="File to send, relative to the scenario.")] = None
    data: Annotated[str | None, Field(description="Base64 text to send instead.")] = None
    thought_signature: Signature = None

    _content: bytes | None = PrivateAttr(default=None)

    @field_validator("file")
    @classmethod
    def _validate_suffix(cls, file: str | None) -> str | None:
        kinds = [suffix for suffix, mime in _TYPES.items() if mime.startswith(cls.key)]
        if file is not None and PurePath(file).suffix.lower() not in kinds:
            raise ValueError(f"`{file}` has the wrong type: {cls.key} files end in {', '.join(kinds)}")
        return file

    @model_validator(mode="after")
    def _read_file(self, info: ValidationInfo) -> Self:
        if self.file is not None and self.data is None:
            reader = (info.context or {}).get("file")
            if reader is None:
                raise ValueError("`file` works only in files of a scenario folder: use `data` with base64 text instead")
            self._content = reader(self.file)
        return self

    def _author_data(self) -> str | None:
        """Return the base64 text of the author's data; None if the medium is to be generated."""
        return self.data if self._content is None else self._encoded

    @cached_property
    def _encoded(self) -> str:
        return base64.b64encode(self._content or b"").decode()

    def _mime_type(self, default: str) -> str:
        return default if self.file is None else _TYPES[PurePath(self.file).suffix.lower()]


class ImageReply(_MediaReply):
    """An image: drawn from a description, or a file."""

    key: ClassVar[str] = "image"
    example: ClassVar[str] = "{ image: a lighthouse at dusk, size: 512x512 }"
    image: Annotated[TemplateText, Field(description="Description of the image.")]
    size: Annotated[
        str | None, Field(pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$", description="Width x height in pixels, like 512x512.")
    ] = None
    mime: Annotated[ImageType | None, Field(description="MIME type of a drawn image. Default: image/png.")] = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        mime = self.mime or self._mime_type("image/png")
        given = self._author_data()
        data = self._draw(context, mime) if given is None else given
        return (Media("image", mime, data, context.signature(self.thought_signature, "")),)

    def _draw(self, context: Context, mime: str) -> str:
        from gemulator.generate.image.draw import draw, requested_size

        subject = context.text(self.image)
        width, height = map(int, self.size.split("x")) if self.size else requested_size(subject)
        return base64.b64encode(draw(subject, context.seed.child("image"), width, height, mime)).decode()


class AudioReply(_MediaReply):
    """Audio: speech-like sound, a tone, or a file."""

    key: ClassVar[str] = "audio"
    example: ClassVar[str] = "{ audio: Good morning! }"
    audio: Annotated[TemplateText, Field(description="Spoken text.")]
    tone: Annotated[float | None, Field(ge=20, le=20_000, description="Frequency in hertz of a tone instead.")] = None
    duration: Annotated[Duration | None, Field(gt=0, le=60, description="Duration of the tone. Default: 1s.")] = None

    @model_validator(mode="after")
    def _validate_duration(self) -> Self:
        if self.duration is not None and self.tone is None:
            raise ValueError("`duration` needs a `tone`: add `tone: 440`")
        return self

    def plan(self, context: Context) -> tuple[Part, ...]:
        given = self._author_data()
        data = self._synthesize(context) if given is None else given
        mime = self._mime_type("audio/wav")
        return (Media("audio", mime, data, context.signature(self.thought_signature, "")),)

    def _synthesize(self, context: Context) -> str:
        from gemulator.generate.audio import speech_like, tone

        if self.tone is not None:
            return base64.b64encode(tone(self.duration or 1.0, self.tone)).decode()
        return base64.b64encode(speech_like(context.text(self.audio), context.seed.child("audio"))).decode()
