"""Names and places in a prompt, also in scripts without capitals."""

import re
from collections.abc import Iterator

from msgspec import Struct

from gemulator.generate.text.languages.capitalized_words import COUNTRIES, NO_NAMES, NO_PLACES


class Name(Struct, frozen=True):
    """A name. `before` is the previous word in lower case; names joined by commas or "and" share a `group`."""

    value: str
    start: int
    before: str
    group: int


_WORD = r"[A-ZÀ-ÖØ-ÞŁŚŽŠČ][\w’'&-]*"
_LINKS = r"(?:de|del|la|le|von|van|der|do|da|di|of|upon|am|sur)"
_CAPITALISED = re.compile(rf"(?<![\w@/.'’-]){_WORD}(?:[ \u00a0](?:{_LINKS}[ ]){{0,2}}{_WORD})*(?:,[ ][A-Z]{{2}}\b)?")
_ENDING = re.compile(r"['’]s$|(?<![’'&,-])[’'&,-]++$")
_LAST_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]++)[\s(]*+$")
_JOINT = re.compile(
    r"\s*(?:,\s*(?:and|or|und|et|y|e)?|\b(?:and|or|und|oder|et|ou|y|e|o|vs\.?|versus)\b|&|/)\s*(?:(?:in|à|a|en|em|nach)\s+)?"
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|wie|wird|ein|eine|mit|für|ich|nach)\b")
_GERMAN_BEFORE = frozenset(("in", "nach", "aus", "von", "bei", "für", "mit", "ab", "an", "heißt", "namens"))
# Lower-case names are accepted after these if nothing is capitalised.
_LOWER = re.compile(
    r"\b(?P<before>in|at|near|around|from|to|for)\s+(?!the\b|a\b|an\b|my\b|me\b|\d)(?P<name>[a-z]{3,}(?:\s(?:york|delhi|francisco|angeles|city|kong))?)"
)


def names(text: str) -> list[Name]:
    """Return the names in the order of the text."""
    latin = list(_latin(text))
    if _GERMAN.search(text):
        latin = [name for name in latin if name.before in _GERMAN_BEFORE]
    return latin or list(_without_capitals(text)) or list(_lower(text))


def _latin(text: str) -> Iterator[Name]:
    group, last, before = -1, -1, ""
    for value, start, end in _find_capitalised(text):
        if last < 0 or not _JOINT.fullmatch(text[last:start]):
            group, before = group + 1, _word_before(text, start)
        elif value in COUNTRIES and text[last:start] == ", ":
            # "Paris, France" is one place, already found as Paris.
            last = end
            continue
        last = end
        yield Name(value, start, before, group)


def _find_capitalised(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _CAPITALISED.finditer(text):
        start, words = match.start(), match[0].split(" ")
        while words and _strip_word(words[0]) in NO_NAMES:
            start += len(words.pop(0)) + 1
        while words and _strip_word(words[-1]) in NO_NAMES:
            words.pop()
        value = _ENDING.sub("", " ".join(words))
        if len(value) > 1:
            yield value, start, start + len(value)


def _strip_word(word: str) -> str:
    return _ENDING.sub("", word.lower())


def _word_before(text: str, start: int) -> str:
    """Return the previous word; "^" at the start of a sentence, where a capital means nothing."""
    found = _LAST_WORD.search(text[max(0, start - 24) : start])
    if found:
        return found[1].lower()
    near = text[max(0, start - 4) : start]
    sign = near.rstrip()
    return "^" if not sign or sign[-1] in ".!?:" or "\n" in near[len(sign) :] else ""


def _lower(text: str) -> Iterator[Name]:
    for group, match in enumerate(_LOWER.finditer(text)):
        if match["name"] not in NO_PLACES:
            yield Name(match["name"].title(), match.start("name"), match["before"], group)


# Between these a run of Han or kana, or a Korean, Arabic or Hindi word before or after a marker, is a name.
_HAN_NAME = re.compile(r"[\u4e00-\u9fff\u30a0-\u30ff]{2,8}")
_HAN_NOISE = re.compile(
    r"天気|天气|気温|气温|怎么样|怎樣|如何|什么|今天|明天|后天|現在|现在|今日|明日|告诉|告訴|教|查询|查詢|一下|多少|帮我|请问|请|預報|预报|予報|予約"
    r"|[的是在和与與及给到从去我你有会要和了吗呢]"
)
_HAN_PLACE = re.compile(r"天気|天气|気温|气温|在|から|まで|[都道府県市区]|の|で|到|去|へ|行")
_OTHERS = (
    (
        re.compile(
            r"(?<![가-힣])((?:[가-힣]{2,12}?(?:,\s*|와\s+|과\s+|\s+및\s+)){0,7}[가-힣]{2,12}?)(?:의|에서|에|은|는)?\s+(?:오늘\s+|내일\s+)?날씨"
        ),
        r",\s*|와\s+|과\s+|\s+및\s+",
    ),
    (re.compile(r"\bفي\s+([\u0621-\u064a]{2,20}(?:\s+و[\u0621-\u064a]{2,20})*)"), r"\s+و"),
    (
        re.compile(r"((?:[\u0900-\u097f]{2,20}(?:,\s*|\s+और\s+)){0,7}[\u0900-\u097f]{2,20})\s+(?:में|का|की|के|से)(?!\w)"),
        r",\s*|\s+और\s+",
    ),
)


def _without_capitals(text: str) -> Iterator[Name]:
    for pattern, joint in _OTHERS:
        for group, match in enumerate(pattern.finditer(text)):
            for value in re.split(joint, match[1]):
                yield Name(value, match.start(1), "in", group)
    if _HAN_PLACE.search(text):
        bare = _HAN_NOISE.sub(lambda noise: " " * len(noise[0]), text)
        for match in _HAN_NAME.finditer(bare):
            yield Name(match[0], match.start(), "in", 0)
