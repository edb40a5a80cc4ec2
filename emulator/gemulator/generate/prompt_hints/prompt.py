"""Prompt analysis: numbers, quotes, dates, names and other literals."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gemulator.core.text_cache import cache_texts
from gemulator.generate.prompt_hints import dates as days
from gemulator.generate.prompt_hints import extractors as finding
from gemulator.generate.prompt_hints.extractors import Match
from gemulator.generate.prompt_hints.named_entities import Name, names
from gemulator.generate.prompt_hints.requested_keys import requested_keys

_MOST = 20_000
LONG = 6  # words; a longer quote is text to analyse, not a name


class Prompt(Struct, frozen=True):
    """Everything found in a prompt, in the order of the text; `lower` is the text in lower case."""

    text: str
    lower: str
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


def shorten(text: str) -> str:
    """Return the text; of a very long one, only the beginning and the end."""
    return f"{text[:_MOST]}\n{text[-_MOST:]}" if len(text) > 2 * _MOST else text


def analyse(text: str) -> Prompt:
    """Analyse a prompt. Of a very long one, only the beginning and the end are read."""
    return _analyse(shorten(text))


@cache_texts(256, 4_096)
def _analyse(text: str) -> Prompt:
    quoted = _in_order(finding.quotes(text))
    emails, urls = _in_order(finding.matches("email", text)), _in_order(finding.matches("url", text))
    short = []
    letters = list(text)
    for one in quoted:
        if len(one.value.split()) <= LONG:
            short.append(one)
        else:  # analysed like the rest, without quotation marks
            letters[one.start] = letters[one.end - 1] = " "
    text = "".join(letters)
    bare = _without(text, [*short, *emails, *urls])
    paths = _in_order(finding.matches("path", bare))
    bare = _without(bare, paths)
    dates, phones = _in_order(days.dates(bare)), _in_order(finding.matches("phone", bare))
    codes = _in_order(finding.matches("code", bare))
    bare = _without(bare, [*dates, *phones, *codes])
    times = _in_order(finding.times(bare))
    return Prompt(
        text=text,
        lower=text.lower(),
        numbers=_in_order(finding.numbers(_without(bare, times))),
        quoted=quoted,
        emails=emails,
        urls=urls,
        paths=paths,
        dates=dates,
        days=_in_order(days.relative(bare)),
        times=times,
        currencies=_in_order(finding.currencies(bare)),
        codes=codes,
        phones=phones,
        names=tuple(names(_without(text, [*short, *emails, *urls, *paths, *dates, *codes]))),
    )


def _in_order(found: Iterable[Match[finding.Value]]) -> tuple[Match[finding.Value], ...]:
    return tuple(sorted(found, key=lambda one: one.start))


def _without(text: str, found: Sequence[Match[str]]) -> str:
    """Return the text with the findings blanked out; positions stay the same."""
    if not found:
        return text
    letters = list(text)
    for one in found:
        for position in range(one.start, one.end):
            if not letters[position].isspace():
                letters[position] = "\x00"
    return "".join(letters)
