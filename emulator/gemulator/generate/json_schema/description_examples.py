"""Example values and defaults quoted in property descriptions."""

import re

from gemulator.core.text_cache import cache_short

_CUE = re.compile(
    r"(?:e\.g\.|\be\.g\b|\bfor example\b|\bfor instance\b|\bsuch as\b|\bexamples?:|\blike\b(?= ['\"`“‘])"
    r"|\b(?:one|any) of\b:?|\b(?:values?|options?)(?: are| is|:)|\beither\b)[\s,:]*",
    re.I,
)
_QUOTED = re.compile(r"['\"`“‘]([^'\"`“”‘’]{1,60})['\"`”’]")
_DEFAULT = re.compile(r"\bdefaults?(?: is| to| value is|:)?:? ['\"`]([^'\"`]{1,60})['\"`]", re.I)
_END = re.compile(r"[;)\]\n]|\.(?:\s|$)|\betc\b")
_SEPARATOR = re.compile(r",\s*+(?:or |and )?|(?<!\s)\s++(?:(?:or|and)\s++|[/|]\s*+)|[/|]\s*+")
_MAX_LENGTH = 600


@cache_short(4_096, 600)
def examples_in(description: str) -> tuple[str, ...]:
    """Return the texts after "e.g." or the like: quoted ones, or a list of items of at most three words."""
    text = description[:_MAX_LENGTH]
    cue = _CUE.search(text)
    if cue is None:
        found = _DEFAULT.search(text)
        return (found[1],) if found else ()
    rest = text[cue.end() :]
    if rest[:1] in "'\"`“‘":
        return tuple(_adjacent_quotes(rest))
    end = _END.search(rest)
    listed = [item.strip(" .:'\"") for item in _SEPARATOR.split(rest[: end.start()] if end else rest)]
    return tuple(item for item in listed if item and len(item.split()) <= 3) if len(listed) <= 12 else ()


def _adjacent_quotes(text: str) -> list[str]:
    """Return quoted texts with at most 8 characters between them."""
    out: list[str] = []
    last = 0
    for found in _QUOTED.finditer(text):
        if found.start() - last > 8:
            break
        out.append(found[1].rstrip(","))
        last = found.end()
    return out
