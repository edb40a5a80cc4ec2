"""Pictures, sounds and documents: types, sizes, resolutions."""

import binascii
from base64 import b64decode
from collections.abc import Iterator

import orjson

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.request.media import Medium, media_of, response_parts
from gemulator.request.message import TOOL_ROLES, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.parameters import invalid_value, not_one_of
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, reads

# `image/jpg` is right (Google's own example has it); `*` stands where nothing says more.
_IMAGES = ("*", "png", "jpeg", "jpg", "webp", "heic", "heif")
_SOUNDS = (
    *("*", "wav", "x-wav", "mp3", "mpeg", "mpga", "mp4", "m4a", "x-m4a"),
    *("aac", "aiff", "ogg", "opus", "flac", "webm", "pcm", "l16"),
)
_FILMS = ["*", "mp4", "mpeg", "mpg", "mov", "quicktime", "avi", "x-msvideo", "x-flv", "webm", "wmv", "x-ms-wmv", "3gpp"]
_TYPES = frozenset(
    {"application/pdf"}
    | {f"image/{kind}" for kind in _IMAGES}
    | {f"audio/{kind}" for kind in _SOUNDS}
    | {f"video/{kind}" for kind in _FILMS}
)
_RESOLUTIONS = ("LOW", "MEDIUM", "HIGH")
_DETAILS = ("auto", "high", "low", "medium", "ultra_high")


def _seen(ask: RuleContext) -> Iterator[Medium]:
    return media_of(ask.request)


def _type(ask: RuleContext) -> Failure | None:
    for medium in _seen(ask):
        mime = medium.mime.partition(";")[0]
        known = mime in _TYPES or medium.kind == "text"
        if not known or (ask.card.reads and medium.kind not in ask.card.reads):
            return refuse("mime-unsupported", mime=medium.mime)
    return None


def _size(ask: RuleContext) -> Failure | None:
    most = ask.card.largest_image
    for medium in _seen(ask):
        if most is not None and medium.kind == "image" and medium.size > most:
            return refuse("file-too-large", size=medium.size, limit=most)
    return None


def _detail(ask: RuleContext) -> Failure | None:
    details = [(medium.where, medium.detail) for medium in _seen(ask) if medium.detail is not None]
    for where, detail in details:
        if detail not in _DETAILS:
            return not_one_of(f"{where}.detail", _DETAILS, detail)
    values = sorted({str(detail) for _, detail in details})
    if ask.card.mixed_detail or len(values) < 2:
        return None
    return refuse("detail-differs", values=", ".join(f"'{value}'" for value in values))


def _resolution(ask: RuleContext) -> Failure | None:
    value = ask.google.get("media_resolution")
    if value is None or str(value).upper().removeprefix("MEDIA_RESOLUTION_") in _RESOLUTIONS:
        return None
    kind = "type.googleapis.com/google.cloud.aiplatform.v1.GenerationConfig.MediaResolution"
    return invalid_value("extra_body.google.media_resolution", kind, value)


def _decodes(ask: RuleContext) -> Failure | None:
    return next((failure for failure in map(_undecodable, _seen(ask)) if failure is not None), None)


def _undecodable(medium: Medium) -> Failure | None:
    if medium.data is None:
        return None
    try:
        raw = b64decode(medium.data, validate=True)
    except (binascii.Error, ValueError):
        return refuse("not-base64", at=medium.where, field=medium.where, value=medium.data[:80])
    return refuse("not-an-image") if medium.kind == "image" and not _is_image(raw) else None


def _is_image(raw: bytes) -> bool:
    return raw.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or raw[8:12] == b"WEBP" or raw[4:8] == b"ftyp"


def _references(ask: RuleContext) -> Failure | None:
    for message in ask.request.messages:
        parts = response_parts(message) if message.role in TOOL_ROLES and message.extra_content else ()
        if parts:
            named = {
                str(data.get("display_name")) for part in parts for data in part.values() if isinstance(data, dict)
            }
            lost = next((name for name in _named_in(message) if name not in named), None)
            if lost is not None:
                return refuse("dangling-ref", ref=lost)
    return None


def _named_in(message: Message) -> Iterator[str]:
    """Every `{"$ref": name}` in a tool's JSON."""
    try:
        left: list[JSON] = [orjson.loads(message.text)]
    except orjson.JSONDecodeError:
        return
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


RULES = (
    Rule("mime-type", "§2 image_url, input_audio; §6 mimeType not supported", _type, reads("parts")),
    Rule("file-size", "§6 The file size of … exceeds max allowed", _size, reads("parts")),
    Rule("detail", "§2 detail", _detail, reads("parts")),
    Rule("media-resolution", "§2 media_resolution; §8 ULTRA_HIGH per part only", _resolution, OPTIONS),
    Rule(
        "decodes",
        "§2 input_audio, image_url data (only under --strict-media)",
        _decodes,
        reads("parts"),
        enabled_if=lambda policy: policy.strict_media,
    ),
    Rule("function-response-reference", "§2 extra_content.google.parts", _references, reads("parts")),
)
