"""Conditions on images, audio and files: MIME type and URI."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias

from msgspec import Struct
from pydantic import Discriminator, Field, Tag

from gemulator.core.errors import Mismatch
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.request.message import ContentPart
from gemulator.scenario.conditions.compare import (
    ALTERNATIVES,
    OneText,
    TextFields,
    TextTest,
    expected_text,
    shape_tag,
    text_matches,
)
from gemulator.scenario.conditions.extractors import Extractor, RequiredLiteral, text_mismatches
from gemulator.scenario.conditions.texts import describe_texts

Medium = Literal["image", "audio", "file"]


class MessageMedium(Struct, frozen=True):
    """Medium of a message. `uri` of a data URL is the part before the comma."""

    medium: Medium
    mime: str
    uri: str

    @classmethod
    def from_newest(cls, conversation: Conversation) -> Sequence[Self]:
        """Return the media of the newest user turn."""
        return [cls._from_part(part) for message in conversation.user_turn for part in message.parts]

    @classmethod
    def _from_part(cls, part: ContentPart) -> Self:
        address = part.uri or _file_address(part)
        uri = address.partition(",")[0] if address.startswith("data:") else address
        mime = uri[5:].partition(";")[0] if uri.startswith("data:") else _mime(part)
        kind = mime.partition("/")[0]
        if part.input_audio is not None and not uri.startswith("data:") and "://" not in uri:
            uri = ""  # base64 audio, not a URI
        return cls("image" if kind == "image" else "audio" if kind == "audio" else "file", mime, uri)


def _file_address(part: ContentPart) -> str:
    file = part.file or {}
    found = next((file[key] for key in ("file_data", "file_id", "file_uri", "filename") if key in file), "")
    return found if isinstance(found, str) else ""


def _mime(part: ContentPart) -> str:
    if part.input_audio is not None:
        form = part.input_audio.format or "wav"
        return form if "/" in form else f"audio/{form}"
    # A URI without a type counts as an image of any type (fidelity.md, Parameters).
    return "image/*" if part.image_url is not None else "application/octet-stream"


# ---- conditions


class MediaFields(StrictModel):
    """Conditions on one image, audio or file, all of which must hold."""

    mime: Annotated[TextTest | None, Field(description="MIME type, like image/png.")] = None
    uri: Annotated[TextTest | None, Field(description="URI; of a data URL the part before the comma.")] = None


def _media_shape(value: Any) -> str:
    inner = value.keys() & {"mime", "uri"} if isinstance(value, dict) else isinstance(value, MediaFields)
    return "<media>" if inner else shape_tag(value)


MediaTest: TypeAlias = Annotated[
    Annotated[MediaFields, Tag("<media>")]
    | Annotated[bool, Tag("<flag>")]
    | Annotated[str, Tag("<words>")]
    | Annotated[TextFields, Tag("<fields>")]
    | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
    Discriminator(_media_shape),
]


class MediaExtractor(Extractor, frozen=True):
    """Media of the newest user turn, of which one must match. A plain string tests the MIME type."""

    medium: Medium

    def mismatches(self, name: str, test: MediaTest, conversation: Conversation) -> Iterator[Mismatch]:
        seen = [item for item in MessageMedium.from_newest(conversation) if item.medium == self.medium]
        if not isinstance(test, MediaFields):
            yield from text_mismatches(name, test, [item.mime for item in seen])
        elif not any(_matches(test, item) for item in seen):
            tests = (("mime", test.mime), ("uri", test.uri))
            expected = " and ".join(f"{key} {expected_text(part)}" for key, part in tests if part is not None)
            yield Mismatch(name, expected, describe_texts([f"{item.mime} {item.uri}" for item in seen]))

    def required_literals(self, name: str, test: MediaTest) -> Iterator[RequiredLiteral]:
        return iter(())


def _matches(test: MediaFields, item: MessageMedium) -> bool:
    return (test.mime is None or text_matches(test.mime, item.mime)) and (
        test.uri is None or text_matches(test.uri, item.uri)
    )
