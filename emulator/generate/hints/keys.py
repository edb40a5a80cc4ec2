"""The keys that a prompt wants in a JSON object."""

import re
from collections.abc import Iterable

_ASKED = re.compile(
    r"\b(?:keys?|fields?|propert(?:y|ies)|attributes?|columns?|containing|with"
    r"|schlüsseln?|feldern?|clés?|champs?|claves?|campos?|chaves?)\b|キー|フィールド|键|字段|키|필드|مفاتيح|कुंजी",
    re.IGNORECASE,
)
_STRONG = re.compile(r"with$|containing$", re.IGNORECASE)
_QUOTED_KEY = re.compile(r"[\"'`“”「『«‘]\s*([^\W\d][\w .-]{0,39}?)\s*[\"'`“”」』»’]")
_SKETCHED = re.compile(r"[{,]\s*[\"']?([A-Za-z_]\w{0,39})[\"']?\s*(?=[:,}])")
_END = re.compile(r"[.!?;。！？\n](?:\s|$)")
_ITEM = re.compile(r"\s*(?:,|、|，|;|&|\b(?:and|und|et|y|e|or|as well as)\b|와|과|と|和|及)\s*", re.IGNORECASE)
_LEADING = re.compile(
    r"^(?:[:：]|\b(?:called|named|are|is|the|a|an|its?|their|his|her|for|each|of|following|keys?|fields?|propert(?:y|ies))\b|\s)+",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+){0,2}$")


def wanted_keys(text: str) -> tuple[str, ...]:
    """Keys quoted, listed or sketched ("keys name, age and city", `{name, age}`), as they are to be spelt."""
    sketched = _SKETCHED.findall(text)
    if sketched:
        return _once(sketched)
    for asked in _ASKED.finditer(text):
        rest = text[asked.end() :]
        if found := _listed(rest, loose=not _STRONG.search(asked[0])):
            return found
    return ()


def _listed(rest: str, *, loose: bool) -> tuple[str, ...]:
    end = _END.search(rest)
    clause = rest[: end.start() if end else 400]
    if quoted := _QUOTED_KEY.findall(clause):
        return _once(quoted)
    items = [_LEADING.sub("", item).strip() for item in _ITEM.split(_LEADING.sub("", clause))]
    names = [re.sub(r"\s*\([^)]*\)?", "", item) for item in items if item]
    names = [name for name in names if _NAME.match(name)]
    return _once(name.replace(" ", "_").replace("-", "_") for name in names) if loose or len(names) > 1 else ()


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
