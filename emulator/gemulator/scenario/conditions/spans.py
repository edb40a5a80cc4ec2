"""Spans of a text that change from run to run: dates, times, ids, numbers."""

from typing import Any

from gemulator.scenario.conditions.like import KINDS, compile_like, escape_like
from gemulator.scenario.conditions.regex import compile_regex, quote_spaced

_ID = r"[\pL\pN_-]*(?:\pL[_-]*\pN|\pN[_-]*\pL)[\pL\pN_-]*"  # letters beside digits
_VOLATILE = (
    f"(?P<stamp>(?P<day>{KINDS['date']})T(?P<clock>{KINDS['time']}))|(?P<uuid>{KINDS['uuid']})"
    f"|(?P<date>{KINDS['date']})|(?P<time>{KINDS['time']})|(?P<id>{_ID})|(?P<number>{KINDS['number']})"
)
_MAX_LENGTH = 20_000  # characters of an expected text
_MAX_SPANS = 50


def like_line(expected: str, seen: str, *, whole: bool) -> str:
    """Return the text with holes for `like` that matches both texts, empty if they differ in more than such spans.

    `whole`: the expected text is the whole one; else it is contained, and case does not count.
    """
    if len(expected) > _MAX_LENGTH:
        return ""
    spans = list(compile_regex(_VOLATILE).finditer(expected))
    if not 0 < len(spans) <= _MAX_SPANS:
        return ""
    try:
        found = compile_regex(_pattern(expected, spans, whole=whole)).search(seen)
        line = _with_holes(expected, seen, spans, found, whole=whole) if found else ""
        return line if line and compile_like(line).accepts(seen) else ""
    except ValueError:  # the text is too long for a pattern
        return ""


def _pattern(expected: str, spans: list[Any], *, whole: bool) -> str:
    pieces, at = [], 0
    for span in spans:
        pieces += [quote_spaced(expected[at : span.start()]), _hole_pattern(span)]
        at = span.end()
    inner = "".join([*pieces, quote_spaced(expected[at:])])
    return rf"\A\s*{inner}\s*\z" if whole else f"(?i){inner}"


def _hole_pattern(span: Any) -> str:
    if span["stamp"]:
        return f"((?:{KINDS['date']})T(?:{KINDS['time']}))"
    return f"({KINDS[_kind(span)]})"


def _kind(span: Any) -> str:
    return next(kind for kind in ("uuid", "date", "time", "id", "number") if span[kind])


def _with_holes(expected: str, seen: str, spans: list[Any], found: Any, *, whole: bool) -> str:
    """Return the seen text with a hole for each span that differs; empty if none does."""
    line, at, holes = "", found.start(), 0
    for number, span in enumerate(spans, start=1):
        begin, end = found.span(number)
        if seen[begin:end] != span.group():
            hole = "{date}T{time}" if span["stamp"] else f"{{{_kind(span)}}}"
            line += escape_like(seen[at:begin]) + hole
            at, holes = end, holes + 1
    line += escape_like(seen[at : found.end()])
    if not holes:
        return ""
    if whole:
        return line
    return f"{'{any}' if found.start() else ''}{line}{'{any}' if found.end() < len(seen) else ''}"
