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
    """Return the comparisons by regular expression, each with the extractor of its texts."""
    return [
        (fields, extractor)
        for _, test, extractor in conditions
        if isinstance(extractor, TextsExtractor)
        for fields in text_fields_in(test)
        if fields.matches is not None
    ]


def capturing_work(regexes: Sequence[Regex], conversation: Conversation) -> int:
    """Return the estimated nanoseconds that `captured_groups` takes, at most."""
    texts = ((fields, text) for fields, extractor in regexes for text in extractor.extract(conversation))
    return sum([_copies(fields, text) for fields, text in texts]) // 3


def _copies(fields: TextFields, text: str) -> int:
    """Return the copies of groups in a text, at most: each step of the pattern copies all of them."""
    pattern = fields.pattern
    return int(pattern.programsize * (pattern.groups + 1) * len(text))


def _check_work(fields: TextFields, text: str) -> None:
    """Raise ReplyError for many groups in a long text."""
    groups = fields.pattern.groups
    if _copies(fields, text) > _MAX_WORK:
        raise ReplyError(
            f"`matches` captures {groups} groups in a text of {len(text):,} characters, which takes too long:"
            " use fewer groups, or `(?:…)` for those that the reply does not use"
        )


def captured_groups(regexes: Sequence[Regex], conversation: Conversation) -> Mapping[str, str]:
    """Return the captured groups by number and name; the first match wins. Raise ReplyError if that takes too long."""
    captured: dict[str, str] = {}
    for fields, extractor in regexes:
        for text in extractor.extract(conversation):
            _check_work(fields, text)
            found = fields.pattern.search(text)
            if found is not None:
                numbered = {str(at): group for at, group in enumerate((found.group(), *found.groups()))}
                captured = {k: v for k, v in {**numbered, **found.groupdict()}.items() if v is not None} | captured
    return captured
