"""Rules for media: types, sizes, resolutions, references."""

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
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, requires

# Google's own example has `image/jpg`; `*` replaces a subtype that the request does not give.
_IMAGE_TYPES = ("*", "png", "jpeg", "jpg", "webp", "heic", "heif")
_AUDIO_TYPES = (
    *("*", "wav", "x-wav", "mp3", "mpeg", "mpga", "mp4", "m4a", "x-m4a"),
    *("aac", "aiff", "ogg", "opus", "flac", "webm", "pcm", "l16"),
)
_VIDEO_TYPES = [
    "*",
    "mp4",
    "mpeg",
    "mpg",
    "mov",
    "quicktime",
    "avi",
    "x-msvideo",
    "x-flv",
    "webm",
    "wmv",
    "x-ms-wmv",
    "3gpp",
]
_TYPES = frozenset(
    {"application/pdf"}
    | {f"image/{kind}" for kind in _IMAGE_TYPES}
    | {f"audio/{kind}" for kind in _AUDIO_TYPES}
    | {f"video/{kind}" for kind in _VIDEO_TYPES}
)
_RESOLUTIONS = ("LOW", "MEDIUM", "HIGH")
_DETAILS = ("auto", "high", "low", "medium", "ultra_high")


def _media(context: RuleContext) -> Iterator[Medium]:
    return media_of(context.request)


def _type(context: RuleContext) -> Failure | None:
    for medium in _media(context):
        mime = medium.mime.partition(";")[0]
        known = mime in _TYPES or medium.kind == "text"
        if not known or (context.model.reads and medium.kind not in context.model.reads):
            return refuse("mime-unsupported", mime=medium.mime)
    return None


def _size(context: RuleContext) -> Failure | None:
    limit = context.model.largest_image
    for medium in _media(context):
        if limit is not None and medium.kind == "image" and medium.size > limit:
            return refuse("file-too-large", size=medium.size, limit=limit)
    return None


def _detail(context: RuleContext) -> Failure | None:
    details = [(medium.where, medium.detail) for medium in _media(context) if medium.detail is not None]
    for where, detail in details:
        if detail not in _DETAILS:
            return not_one_of(f"{where}.detail", _DETAILS, detail)
    values = sorted({str(detail) for _, detail in details})
    if context.model.mixed_detail or len(values) < 2:
        return None
    return refuse("detail-differs", values=", ".join(f"'{value}'" for value in values))


def _resolution(context: RuleContext) -> Failure | None:
    value = context.google.get("media_resolution")
    if value is None or str(value).upper().removeprefix("MEDIA_RESOLUTION_") in _RESOLUTIONS:
        return None
    kind = "type.googleapis.com/google.cloud.aiplatform.v1.GenerationConfig.MediaResolution"
    return invalid_value("extra_body.google.media_resolution", kind, value)


def _data(context: RuleContext) -> Failure | None:
    return next((failure for failure in map(_decoding_error, _media(context)) if failure is not None), None)


def _decoding_error(medium: Medium) -> Failure | None:
    if medium.data is None:
        return None
    try:
        raw = b64decode(medium.data, validate=True)
    except (binascii.Error, ValueError):
        return refuse("not-base64", at=medium.where, field=medium.where, value=medium.data[:80])
    return refuse("not-an-image") if medium.kind == "image" and not _is_image(raw) else None


def _is_image(raw: bytes) -> bool:
    return raw.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or raw[8:12] == b"WEBP" or raw[4:8] == b"ftyp"


def _references(context: RuleContext) -> Failure | None:
    for message in context.request.messages:
        parts = response_parts(message) if message.role in TOOL_ROLES and message.extra_content else ()
        if parts:
            names = {
                str(data.get("display_name")) for part in parts for data in part.values() if isinstance(data, dict)
            }
            dangling = next((name for name in _refs_in(message) if name not in names), None)
            if dangling is not None:
                return refuse("dangling-ref", ref=dangling)
    return None


def _refs_in(message: Message) -> Iterator[str]:
    """Yield the name of every `{"$ref": name}` in a tool's JSON."""
    try:
        stack: list[JSON] = [orjson.loads(message.text)]
    except orjson.JSONDecodeError:
        return
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


RULES = (
    Rule("mime-type", "§2 image_url, input_audio; §6 mimeType not supported", _type, requires("parts")),
    Rule("file-size", "§6 The file size of … exceeds max allowed", _size, requires("parts")),
    Rule("detail", "§2 detail", _detail, requires("parts")),
    Rule("media-resolution", "§2 media_resolution; §8 ULTRA_HIGH per part only", _resolution, OPTIONS),
    Rule(
        "decodes",
        "§2 input_audio, image_url data (only under --strict-media)",
        _data,
        requires("parts"),
        strictness="strict",
        group="media",
    ),
    Rule("function-response-reference", "§2 extra_content.google.parts", _references, requires("parts")),
)
