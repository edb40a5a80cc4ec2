"""A prompt taken apart: numbers, quotes, dates, names, and whatever else a field may ask for."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from gemulator.generate.prompt_hints import dates as days
from gemulator.generate.prompt_hints import extractors as finding
from gemulator.generate.prompt_hints.extractors import Finding
from gemulator.generate.prompt_hints.named_entities import Name, names
from gemulator.generate.prompt_hints.requested_keys import wanted_keys

_MOST = 20_000
LONG = 6  # words: a quote that is longer is a text to read, not a name


class Prompt(Struct, frozen=True):
    """Everything that was found, in the order of the text."""

    text: str
    numbers: tuple[Finding[int | float], ...]
    quoted: tuple[Finding[str], ...]
    emails: tuple[Finding[str], ...]
    urls: tuple[Finding[str], ...]
    paths: tuple[Finding[str], ...]
    dates: tuple[Finding[str], ...]
    days: tuple[Finding[str], ...]
    times: tuple[Finding[str], ...]
    currencies: tuple[Finding[str], ...]
    codes: tuple[Finding[str], ...]
    phones: tuple[Finding[str], ...]
    names: tuple[Name, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys wanted in a JSON object."""
        return wanted_keys(self.text)


@lru_cache(maxsize=256)
def read(text: str) -> Prompt:
    """Takes the prompt apart. Of one that is very long, its beginning and its end are read."""
    if len(text) > 2 * _MOST:
        text = f"{text[:_MOST]}\n{text[-_MOST:]}"
    quoted = _ordered(finding.quoted(text))
    emails, urls = _ordered(finding.matches("email", text)), _ordered(finding.matches("url", text))
    short = [one for one in quoted if len(one.value.split()) <= LONG]
    for one in quoted:
        if one not in short:  # read like the rest, without its marks
            text = f"{text[: one.start]} {text[one.start + 1 : one.end - 1]} {text[one.end :]}"
    bare = _without(text, [*short, *emails, *urls])
    paths = _ordered(finding.matches("path", bare))
    bare = _without(bare, paths)
    dates, phones = _ordered(days.dates(bare)), _ordered(finding.matches("phone", bare))
    codes = _ordered(finding.matches("code", bare))
    bare = _without(bare, [*dates, *phones, *codes])
    times = _ordered(finding.times(bare))
    return Prompt(
        text=text,
        numbers=_ordered(finding.numbers(_without(bare, times))),
        quoted=quoted,
        emails=emails,
        urls=urls,
        paths=paths,
        dates=dates,
        days=_ordered(days.relative(bare)),
        times=times,
        currencies=_ordered(finding.currencies(bare)),
        codes=codes,
        phones=phones,
        names=tuple(names(_without(text, [*short, *emails, *urls, *paths, *dates, *codes]))),
    )


def _ordered(found: Iterable[Finding[finding.Value]]) -> tuple[Finding[finding.Value], ...]:
    return tuple(sorted(found, key=lambda one: one.start))


def _without(text: str, found: Sequence[Finding[str]]) -> str:
    """The text with the findings blanked out: every place stays where it was."""
    for one in found:
        text = text[: one.start] + re.sub(r"\S", "\x00", text[one.start : one.end]) + text[one.end :]
    return text
