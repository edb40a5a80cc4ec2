"""Keys that a prompt requests for a JSON object."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from gemulator.core.text_cache import cache_texts
from gemulator.generate.json_schema.property_semantics import ANY_RANGE, kind_of, singular, usual_range

_ASKED = re.compile(
    r"\b(?:keys?|fields?|propert(?:y|ies)|attributes?|columns?|containing|with"
    r"|schlüsseln?|feldern?|clés?|champs?|claves?|campos?|chaves?)\b|キー|フィールド|键|字段|키|필드|مفاتيح|कुंजी",
    re.IGNORECASE,
)
_STRONG = re.compile(r"with$|containing$", re.IGNORECASE)
_QUOTED_KEY = re.compile(r"[\"'`“”「『«‘]\s*([^\W\d][\w .-]{0,39}?)\s*[\"'`“”」』»’]")
_SKETCHED = re.compile(r"[{,]\s*[\"']?([A-Za-z_]\w{0,39})[\"']?\s*(?=[:,}])")
_END = re.compile(r"[.!?;。！？\n](?:\s|$)")
_ITEM = re.compile(
    r"(?:(?<!\s)\s++)?(?:,|、|，|;|&|\b(?:and|und|et|y|e|or|as well as)\b|와|과|と|和|及)\s*+", re.IGNORECASE
)
_LEADING = re.compile(
    r"^(?:[:：]|\b(?:called|named|are|is|the|a|an|its?|their|his|her|for|each|of|following|keys?|fields?|propert(?:y|ies))\b|\s)+",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"(?:(?<!\s)\s++)?\([^)]*+\)?|(?<=\w)\s++(?:for|of|about|in|from|to|as|per)\s.*$")
_YES_OR_NO = re.compile(r"(?:is|has|can|in)_|(?:is|has|can)[A-Z]|(?:active|enabled|available|verified|done|completed)$")
_LISTED = frozenset({"", "slug", "query", "title", "food", "name", "color", "product", "first_name", "city", "country"})
_MAX_CUES, _MAX_CLAUSE, _MAX_KEYS = 200, 2_000, 100  # that are read
_TEXT: dict[str, Any] = {"type": "string"}
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+){0,2}$")


@cache_texts(256, 4_096)
def requested_keys(text: str) -> tuple[str, ...]:
    """Return keys that are quoted, listed or sketched ("keys name, age and city", `{name, age}`), in their spelling."""
    brace = text.find("{")
    if brace >= 0 and (sketched := _SKETCHED.findall(text, brace)):
        return _unique(sketched)
    for asked in islice(_ASKED.finditer(text), _MAX_CUES):
        rest = text[asked.end() : asked.end() + _MAX_CLAUSE]
        if found := _parse_list(rest, loose=not _STRONG.search(asked[0])):
            return found
    return ()


def _parse_list(rest: str, *, loose: bool) -> tuple[str, ...]:
    end = _END.search(rest)
    clause = rest[: end.start() if end else 400]
    if quoted := _QUOTED_KEY.findall(clause):
        return _unique(quoted)
    items = [_LEADING.sub("", item).strip() for item in _ITEM.split(_LEADING.sub("", clause))]
    names = [_ASIDE.sub("", item) for item in items if item]
    names = [name for name in names if _NAME.match(name)]
    return _unique(name.replace(" ", "_").replace("-", "_") for name in names) if loose or len(names) > 1 else ()


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))[:_MAX_KEYS]


def schema_of(keys: Iterable[str], text: str) -> dict[str, Any]:
    """Return an object schema with those keys, typed by their names or by the sketch in the prompt."""
    properties = {key: {"type": "array", "items": _TEXT} if _is_list(key, text) else _type(key) for key in keys}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _is_list(key: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(key)}[\"']?\s*:\s*\[", text)) or (
        singular(key) != key and kind_of(key, "") in _LISTED and usual_range(key, "") == ANY_RANGE
    )


def _type(key: str) -> dict[str, Any]:
    if _YES_OR_NO.match(key):
        return {"type": "boolean"}
    if (low_high := usual_range(key, "")) != ANY_RANGE and kind_of(key, "") in ("", "number_text"):
        return {"type": "number" if low_high[2] else "integer"}
    return _TEXT
