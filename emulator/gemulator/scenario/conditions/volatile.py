"""Texts with holes for what changes from run to run."""

import re

from gemulator.scenario.conditions.like import KINDS, escape_like
from gemulator.scenario.conditions.regex import compile_regex

_VOLATILE = compile_regex(
    f"(?P<stamp>{KINDS['date']}T{KINDS['time']})|(?P<uuid>{KINDS['uuid']})|(?P<date>{KINDS['date']})"
    f"|(?P<time>{KINDS['time']})|(?P<id>[\\pL\\pN_-]*(?:\\pL[_-]*\\pN|\\pN[_-]*\\pL)[\\pL\\pN_-]*)"
)
_HOLES = {"stamp": "{date}T{time}", "uuid": "{uuid}", "date": "{date}", "time": "{time}", "id": "{id}"}
_DIGITS = re.compile(r"\d")
_ID_DIGITS, _ID_LENGTH = 4, 8  # an id that changes from run to run has at least as many


def with_holes(text: str) -> str:
    """Return a text for `like`, with a hole for each date, time, uuid and id."""
    line, at = "", 0
    for found in _VOLATILE.finditer(text):
        kind = next(name for name in _HOLES if found[name])
        if kind == "id" and (len(found[0]) < _ID_LENGTH or len(_DIGITS.findall(found[0])) < _ID_DIGITS):
            continue
        line += escape_like(text[at : found.start()]) + _HOLES[kind]
        at = found.end()
    return line + escape_like(text[at:])
