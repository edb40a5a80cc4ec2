"""Phrases of a prompt: the request, its subject, reminders, messages and lists."""

import re
from collections.abc import Iterator

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
_NAMED = re.compile(r"^(?:task|to-?do|note|event|ticket|issue|reminder|meeting)s?\s*:\s*", re.I)
_SAID = re.compile(r"\b(?:that|saying|to say|dass|que)\s+(.{3,400})", re.I | re.S)
_AFTER_SAID = re.compile(r",?\s+(?:(?:and |with )?(?:the )?subject|betreff)\b.*|[.!?](?:\s.*)?$", re.S | re.I)

_ITEM = r"(?:[A-ZÀ-Þ][\w'-]*(?:\s[A-ZÀ-Þ][\w'-]*)*|[^\W\d_][\w'-]*)"
_MIDDLE = rf"(?:{_ITEM}|[^\W\d_][\w'-]*\s[^\W\d_][\w'-]*)"
_WITH_NUMBER = r"(?:\s?[:=]?\s?\d[\d.,]*\s?%?)?"
_AND = r"(?:,?\s(?:and|or|und|oder|et|ou|y|e|o)\s|\s?&\s?)"
_SECOND = r"(?:\s[a-z]+(?=\s(?:to|in|into|from|for|at|on|with|by)\b|[.,!?]|$))?"
_LIST = re.compile(
    rf"{_ITEM}{_WITH_NUMBER}(?:,\s{_MIDDLE}{_WITH_NUMBER}){{0,20}}{_AND}{_ITEM}{_SECOND}(?!\w)"
    rf"|{_ITEM}{_WITH_NUMBER}(?:,\s{_MIDDLE}{_WITH_NUMBER}){{1,20}},\s{_ITEM}(?!\w)"
)
_BETWEEN = re.compile(rf"{_AND}|,\s")
_NUMBER = re.compile(r"\s?[:=]?\s?\d[\d.,]*\s?%?$")


def request(text: str) -> str:
    """Return the prompt without polite openings and the final full stop."""
    short = _INTRODUCTION.sub("", " ".join(text.split()), count=1).rstrip(" ?.!")
    return short or " ".join(text.split())


def subject(text: str) -> str:
    """Return the object of a short order, or "": "Schedule a standup with Bob at 9" gives "standup"."""
    line = " ".join(text.split())
    order = _ORDER.match(line)
    rest = _NAMED.sub("", line[order.end() :] if order else _ARTICLE.sub("", request(line)), count=1)
    rest = _TAIL.sub("", rest, count=1).strip(" \"'")
    rest = re.split(r"[.!?](?:\s|$)", rest, maxsplit=1)[0]
    return rest if 0 < len(rest.split()) <= 8 else ""


def reminder(text: str) -> str:
    """Return the text of a requested reminder, or ""."""
    order = _ORDER.match(" ".join(text.split()))
    return subject(text) if order and _REMINDING.match(order["verb"]) else ""


def message(text: str) -> str:
    """Return the text to be passed on: "Mail Ann that we won" gives "We won"; "" if there is none."""
    found = _SAID.search(text)
    words = _AFTER_SAID.sub("", found[1]).strip(" ,\"'") if found else ""
    return words[:1].upper() + words[1:]


def enumerations(text: str) -> Iterator[tuple[list[str], int]]:
    """Yield enumerated things and their position: "eggs, spinach and feta", without numbers."""
    for match in _LIST.finditer(text[:4000]):
        items = [_NUMBER.sub("", item).strip() for item in _BETWEEN.split(match[0])]
        yield [item for item in items if item], match.start()
