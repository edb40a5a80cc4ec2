"""Phrases of a prompt: the request, its subject, reminders, messages and lists."""

import re

from gemulator.core.text_cache import cache_texts

_INTRODUCTION = re.compile(
    r"^(?:please|can you|could you|would you|hey|hi|i (?:want|need|would like) (?:you )?to"
    r"|search(?: the web| online)?(?: for)?|find(?: me)?"
    r"|look up|google|show me|tell me(?: about)?|what(?:'s| is| are)|who is|give me|get(?: me)?|\s|,)+\b",
    re.I,
)
_ORDER = re.compile(
    r"^(?:(?:please|can you|could you|would you|i (?:want|need|would like) to)[\s,]+)?"
    r"(?P<verb>remind (?:me|us|him|her|them) (?:to|about|of|that)"
    r"|erinnere? mich(?: (?:heute|morgen|übermorgen|am \w+))?(?: um [\d:]+(?: uhr)?)? (?:an|daran,?)"
    r"|rappelle-moi (?:de|d')|recuérdame|me lembre de"
    r"|schedule|set up|create|add|book|plan|make|organi[sz]e|draft|open|file|start|note|build|generate|write|design)\s+"
    r"(?:(?:a|an|the|my|our|another|new|ein|eine|einen|den|die|das|une?)\s+)*",
    re.I,
)
_ARTICLE = re.compile(r"^(?:(?:a|an|the|my|our)\s+)+", re.I)
_REMINDING = re.compile(r"remind|erinner|rappelle|recu|lembre", re.I)
_TAIL = re.compile(
    r"(?:[,.;:!?](?:\s|$)|\s(?:tomorrow|today|tonight|next|this|every|saying|that|because|morgen|heute|demain|mañana"
    r"|(?:with|from|for|by|at|on|in|before|after|until|um|am|à|a las|às)\s(?=[A-Z\d\x00]|the|my|to|\S+@))).*",
    re.S,
)
_EVENT = re.compile(
    r"\b(?:a|an|the|our|my|his|her|their|this|next)\s((?:[\w'-]{1,30}\s){0,2}(?:fair|conference|party|meeting|meetup|workshop"
    r"|concert|festival|wedding|dinner|lunch|seminar|webinar|exhibition|show|match|game|race|hackathon|picnic|reunion))\b",
    re.I,
)
_NAMED = re.compile(r"^(?:task|to-?do|note|event|ticket|issue|reminder|meeting)s?\s*:\s*", re.I)
_SAID = re.compile(r"\b(?:that|saying|to say|dass|que)\s+(.{3,400})", re.I | re.S)
_AFTER_SAID = re.compile(
    r"(?:,|(?<!\s))\s++(?:(?:and |with )?(?:the )?subject|betreff)\b.*|[.!?](?:\s.*)?$", re.S | re.I
)

# Each part is either of bounded length or never matched again in another way, so that the search takes linear time.
_WORD = r"[^\W\d_][\w'-]{0,80}+"
_ITEM = rf"(?:[A-ZÀ-Þ][\w'-]{{0,80}}+(?:\s[A-ZÀ-Þ][\w'-]{{0,80}}+){{0,7}}|{_WORD})"
_WITH_NUMBER = r"(?:\s?[:=]?\s?\d[\d.,]{0,30}\s?%?)?"
_AND = r"(?:,?\s(?:and|or|und|oder|et|ou|y|e|o)\s|\s?&\s?)"
_FIRST = rf"(?<![^\W\d_])(?>{_ITEM}{_WITH_NUMBER}(?=,\s|{_AND}))"
_NEXT = rf"(?>,\s(?:{_ITEM}|{_WORD}\s{_WORD}){_WITH_NUMBER}(?=,\s|{_AND}))"
_SECOND = r"(?:\s[a-z]+(?=\s(?:to|in|into|from|for|at|on|with|by)\b|[.,!?]|$))?"
_LIST = re.compile(rf"{_FIRST}{_NEXT}{{0,20}}{_AND}{_ITEM}{_SECOND}(?!\w)|{_FIRST}{_NEXT}{{1,20}},\s{_ITEM}(?!\w)")
_BETWEEN = re.compile(rf"{_AND}|,\s")
_NUMBER = re.compile(r"\s?[:=]?\s?\d[\d.,]{0,30}\s?%?$")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")


@cache_texts(256, 4_096)
def request(text: str) -> str:
    """Return the prompt without polite openings and the final full stop."""
    short = _INTRODUCTION.sub("", " ".join(text.split()), count=1).rstrip(" ?.!")
    return short or " ".join(text.split())


@cache_texts(256, 4_096)
def subject(text: str) -> str:
    """Return the object of a short order, or "": "Schedule a standup with Bob at 9" gives "standup"."""
    line = " ".join(text.split())
    order = _ORDER.match(line)
    rest = _NAMED.sub("", line[order.end() :] if order else _ARTICLE.sub("", request(line)), count=1)
    rest = _TAIL.sub("", rest, count=1).strip(" \"'")
    rest = _SENTENCE_END.split(rest, maxsplit=1)[0]
    return rest if 0 < len(rest.split()) <= 8 else ""


@cache_texts(256, 4_096)
def reminder(text: str) -> str:
    """Return the text of a requested reminder, or ""."""
    order = _ORDER.match(" ".join(text.split()))
    return subject(text) if order and _REMINDING.match(order["verb"]) else ""


@cache_texts(256, 4_096)
def event(text: str) -> tuple[str, int] | None:
    """Return the event that the text names, with its position: "going to a science fair" gives "science fair"."""
    found = _EVENT.search(text)
    return (found[1], found.start(1)) if found else None


@cache_texts(256, 4_096)
def message(text: str) -> str:
    """Return the text to be passed on: "Mail Ann that we won" gives "We won"; "" if there is none."""
    found = _SAID.search(text)
    words = _AFTER_SAID.sub("", found[1]).strip(" ,\"'") if found else ""
    return words[:1].upper() + words[1:]


@cache_texts(256, 4_096)
def enumerations(text: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return enumerated things and their position: "eggs, spinach and feta", without numbers."""
    return tuple((_items(match[0]), match.start()) for match in _LIST.finditer(text[:4000]))


def _items(listed: str) -> tuple[str, ...]:
    items = (_NUMBER.sub("", item).strip() for item in _BETWEEN.split(listed))
    return tuple(item for item in items if item)
