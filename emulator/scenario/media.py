"""Pictures, sounds and files in a request: their MIME types and addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from emulator.conversation import Conversation
from emulator.request import ContentPart

Medium = Literal["image", "audio", "file"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One medium. Of a data URL, `uri` is what stands before the comma."""

    medium: Medium
    mime: str
    uri: str

    @classmethod
    def in_newest(cls, conversation: Conversation) -> Sequence[Self]:
        """What the newest user message carries."""
        users = [message for message in conversation.request.messages if message.role == "user"]
        return [cls._of(part) for part in users[-1].parts] if users else []

    @classmethod
    def _of(cls, part: ContentPart) -> Self:
        address = part.uri or _file_address(part)
        uri = address.partition(",")[0] if address.startswith("data:") else address
        mime = uri[5:].partition(";")[0] if uri.startswith("data:") else _mime(part)
        kind = mime.partition("/")[0]
        if part.input_audio is not None and not uri.startswith("data:") and "://" not in uri:
            uri = ""  # the sound itself
        return cls("image" if kind == "image" else "audio" if kind == "audio" else "file", mime, uri)


def _file_address(part: ContentPart) -> str:
    file = part.file or {}
    found = next((file[key] for key in ("file_data", "file_id", "file_uri", "filename") if key in file), "")
    return found if isinstance(found, str) else ""


def _mime(part: ContentPart) -> str:
    if part.input_audio is not None:
        form = part.input_audio.format or "wav"
        return form if "/" in form else f"audio/{form}"
    # An address without a type counts as a picture of any kind (fidelity.md, Parameters).
    return "image/*" if part.image_url is not None else "application/octet-stream"
