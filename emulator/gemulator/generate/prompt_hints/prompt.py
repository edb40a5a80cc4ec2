"""Prompt analysis: numbers, quotes, dates, names and other literals."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from gemulator.generate.prompt_hints import dates as days
from gemulator.generate.prompt_hints import extractors as finding
from gemulator.generate.prompt_hints.extractors import Match
from gemulator.generate.prompt_hints.named_entities import Name, names
from gemulator.generate.prompt_hints.requested_keys import requested_keys

_MOST = 20_000
LONG = 6  # words; a longer quote is text to analyse, not a name


class Prompt(Struct, frozen=True):
    """Everything found in a prompt, in the order of the text."""

    text: str
    numbers: tuple[Match[int | float], ...]
    quoted: tuple[Match[str], ...]
    emails: tuple[Match[str], ...]
    urls: tuple[Match[str], ...]
    paths: tuple[Match[str], ...]
    dates: tuple[Match[str], ...]
    days: tuple[Match[str], ...]
    times: tuple[Match[str], ...]
    currencies: tuple[Match[str], ...]
    codes: tuple[Match[str], ...]
    phones: tuple[Match[str], ...]
    names: tuple[Name, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys requested for a JSON object."""
        return requested_keys(self.text)


@lru_cache(maxsize=256)
def analyse(text: str) -> Prompt:
    """Analyse a prompt. Of a very long one, only the beginning and the end are read."""
    if len(text) > 2 * _MOST:
        text = f"{text[:_MOST]}\n{text[-_MOST:]}"
    quoted = _sorted(finding.quoted(text))
    emails, urls = _sorted(finding.matches("email", text)), _sorted(finding.matches("url", text))
    short = [one for one in quoted if len(one.value.split()) <= LONG]
    for one in quoted:
        if one not in short:  # analysed like the rest, without quotation marks
            text = f"{text[: one.start]} {text[one.start + 1 : one.end - 1]} {text[one.end :]}"
    bare = _without(text, [*short, *emails, *urls])
    paths = _sorted(finding.matches("path", bare))
    bare = _without(bare, paths)
    dates, phones = _sorted(days.dates(bare)), _sorted(finding.matches("phone", bare))
    codes = _sorted(finding.matches("code", bare))
    bare = _without(bare, [*dates, *phones, *codes])
    times = _sorted(finding.times(bare))
    return Prompt(
        text=text,
        numbers=_sorted(finding.numbers(_without(bare, times))),
        quoted=quoted,
        emails=emails,
        urls=urls,
        paths=paths,
        dates=dates,
        days=_sorted(days.relative(bare)),
        times=times,
        currencies=_sorted(finding.currencies(bare)),
        codes=codes,
        phones=phones,
        names=tuple(names(_without(text, [*short, *emails, *urls, *paths, *dates, *codes]))),
    )


def _sorted(found: Iterable[Match[finding.Value]]) -> tuple[Match[finding.Value], ...]:
    return tuple(sorted(found, key=lambda one: one.start))


def _without(text: str, found: Sequence[Match[str]]) -> str:
    """Return the text with the findings blanked out; positions stay the same."""
    for one in found:
        text = text[: one.start] + re.sub(r"\S", "\x00", text[one.start : one.end]) + text[one.end :]
    return text
