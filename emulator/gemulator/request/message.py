"""Messages of a request as accepted."""

from collections.abc import Sequence
from typing import Literal

from gemulator.core.invalid_field import WireModel
from gemulator.core.json_types import JSON

Role = Literal["system", "developer", "user", "assistant", "model", "tool", "function"]

SYSTEM_ROLES = {"system", "developer"}
ASSISTANT_ROLES = {"assistant", "model"}
TOOL_ROLES = {"tool", "function"}


class ImageUrl(WireModel, frozen=True, gc=False):
    __wire_name__ = "ImageUrl"

    url: str
    detail: str | None = None


class InputAudio(WireModel, frozen=True, gc=False):
    __wire_name__ = "InputAudio"

    data: str
    format: str | None = None


class GoogleContent(WireModel, frozen=True):
    """Google's own members of a message, part or call; other members are tolerated."""

    __wire_name__ = "GoogleContent"

    thought: bool | None = None
    thought_signature: str | None = None
    parts: list[dict[str, JSON]] | None = None


class ExtraContent(WireModel, frozen=True):
    __wire_name__ = "ExtraContent"

    google: GoogleContent | None = None


class ContentPart(WireModel, frozen=True):
    """Part of a message. Unknown types are accepted and counted (fidelity.md, Parameters)."""

    __wire_name__ = "ContentPart"

    type: str = "text"
    text: str | None = None
    image_url: str | ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: dict[str, JSON] | None = None
    extra_content: ExtraContent | None = None

    @property
    def uri(self) -> str | None:
        """URI or data of the part's medium. Never fetched."""
        if self.image_url is not None:
            return self.image_url if isinstance(self.image_url, str) else self.image_url.url
        if self.input_audio is not None:
            return self.input_audio.data
        return None


class FunctionCall(WireModel, frozen=True, gc=False):
    __wire_name__ = "FunctionCall"

    name: str
    arguments: str = "{}"


class HistoryCall(WireModel, frozen=True):
    """A call in the history; some documented samples omit `type` and `id`."""

    __wire_name__ = "HistoryCall"

    function: FunctionCall
    id: str = ""
    type: str = "function"
    extra_content: ExtraContent | None = None


# Features of a message: a turn, calls or results, signatures or thoughts, parts other than plain text, no parts.
TURN, CALLS, SIGNED, MEDIA, EMPTY = 1, 2, 4, 8, 16


class Message(WireModel, frozen=True):
    __wire_name__ = "Message"

    role: Role
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[HistoryCall] | None = None
    function_call: FunctionCall | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    extra_content: ExtraContent | None = None

    @property
    def features(self) -> int:
        """Features of the message as a sum of the constants above."""
        content = self.content
        features = 0 if self.role in SYSTEM_ROLES else TURN
        if self.tool_calls or self.function_call is not None or self.role in TOOL_ROLES:
            features |= CALLS | SIGNED
        elif features and (not content or isinstance(content, list)) and self.lacks_parts:
            features |= EMPTY
        if self.extra_content is not None:
            features |= MEDIA | SIGNED
        return features | MEDIA if isinstance(content, list) else features

    @property
    def lacks_parts(self) -> bool:
        """Return True if the content is absent or empty, or has a text part that is empty."""
        if isinstance(self.content, list):
            return not self.content or any(part.type == "text" and not part.text for part in self.content)
        return not self.content and not self.refusal

    @property
    def text(self) -> str:
        """Text of the message, parts joined by line breaks."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""

    @property
    def parts(self) -> Sequence[ContentPart]:
        """Parts other than plain text."""
        return [part for part in self.content if part.type != "text"] if isinstance(self.content, list) else ()

    @property
    def calls(self) -> Sequence[HistoryCall]:
        """Calls of an assistant message, including the deprecated single one."""
        if self.function_call is not None:
            return [HistoryCall(function=self.function_call)]
        return self.tool_calls or ()
