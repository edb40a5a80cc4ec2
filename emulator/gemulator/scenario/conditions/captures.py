"""Groups captured by the regular expressions of a `when`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from gemulator.core.errors import ReplyError
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.compare import TextFields, text_fields_in
from gemulator.scenario.conditions.extractors import Extractor, TextsExtractor

_MAX_WORK = 5_000_000_000  # copies; each takes a third of a nanosecond

Regex: TypeAlias = tuple[TextFields, TextsExtractor]


def regexes_in(conditions: Iterable[tuple[str, Any, Extractor]]) -> Sequence[Regex]:
    """Return the comparisons by pattern, each with the extractor of its texts."""
    return [
        (fields, extractor)
        for _, test, extractor in conditions
        if isinstance(extractor, TextsExtractor)
        for fields in text_fields_in(test)
        if fields.matches is not None or fields.like is not None
    ]


def capturing_work(regexes: Sequence[Regex], conversation: Conversation) -> int:
    """Return the estimated nanoseconds that `captured_groups` takes, at most."""
    texts = ((fields, text) for fields, extractor in regexes for text in extractor.extract(conversation))
    return sum([_copies(pattern, text) for fields, text in texts for pattern in fields.patterns]) // 3


def _copies(pattern: Any, text: str) -> int:
    """Return the copies of groups in a text, at most: each step of the pattern copies all of them."""
    return int(pattern.programsize * (pattern.groups + 1) * len(text))


def _check_work(pattern: Any, text: str) -> None:
    """Raise ReplyError for many groups in a long text."""
    if _copies(pattern, text) > _MAX_WORK:
        raise ReplyError(
            f"a pattern captures {pattern.groups} groups in a text of {len(text):,} characters, which takes too long:"
            " use fewer groups or holes, or `(?:…)` for groups that the reply does not use"
        )


def captured_groups(regexes: Sequence[Regex], conversation: Conversation) -> Mapping[str, str]:
    """Return the captured groups by number and name; the first match wins. Raise ReplyError if that takes too long."""
    captured: dict[str, str] = {}
    for fields, extractor in regexes:
        for text in extractor.extract(conversation):
            for pattern in fields.patterns:
                _check_work(pattern, text)
                found = pattern.search(text)
                if found is not None:
                    numbered = {str(at): group for at, group in enumerate((found.group(), *found.groups()))}
                    captured = {k: v for k, v in {**numbered, **found.groupdict()}.items() if v is not None} | captured
    return captured
