"""Conditions on a request of which some texts are not known."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gemulator.core.json_types import JSON
from gemulator.core.redaction_marks import MARK, MEDIUM_MARK
from gemulator.request.conversation import Conversation
from gemulator.scenario import json_path as paths
from gemulator.scenario.conditions.extractors import (
    Extractor,
    FlagExtractor,
    HeadersExtractor,
    NumberExtractor,
    TextsExtractor,
    TreeExtractor,
)
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.media import MediaExtractor, MediaFields, MediaTest, MessageMedium
from gemulator.scenario.conditions.tool_results import ResultsExtractor
from gemulator.scenario.conditions.values import ValueFields, ValueTest
from gemulator.scenario.json_path import text_of


def certainty(match: Match, conversation: Conversation) -> bool | None:
    """Return True if a request matches, False if it does not, and None if only an unknown part of it could decide."""
    found = [_condition(*condition, conversation) for condition in match.conditions]
    found += [certainty(group, conversation) for group in match.all_ or ()]
    if match.any_:
        found.append(_any(certainty(group, conversation) for group in match.any_))
    if match.not_ is not None:
        inner = certainty(match.not_, conversation)
        found.append(None if inner is None else not inner)
    return False if False in found else None if None in found else True


def unknown_parts(match: Match, conversation: Conversation) -> Iterator[str]:
    """Yield the marks of the parts that could decide."""
    for name, test, extractor in match.conditions:
        if _condition(name, test, extractor, conversation) is None:
            for text in _texts(test, extractor, conversation):
                yield from MARK.findall(text)
    for group in (*(match.all_ or ()), *(match.any_ or ()), *([match.not_] if match.not_ else ())):
        yield from unknown_parts(group, conversation)


def _any(found: Iterable[bool | None]) -> bool | None:
    each = list(found)
    return True if True in each else None if None in each else False


def _condition(name: str, test: Any, extractor: Extractor, conversation: Conversation) -> bool | None:
    texts = list(_texts(test, extractor, conversation))
    matches = extractor.matches(test, conversation)
    if isinstance(test, bool) or not any(map(MARK.search, texts)):
        return matches
    return True if matches and _is_contained(test, extractor, texts) else None


def _is_contained(test: Any, extractor: Extractor, texts: Sequence[str]) -> bool:
    """Return True if a text that is searched for occurs outside of the marks: what they stand for does not matter."""
    if not isinstance(extractor, TextsExtractor) or extractor.glob:
        return False
    wanted = [one for one in (test if isinstance(test, list) else [test]) if isinstance(one, str)]
    known = [part.casefold() for text in texts for part in re.split(MARK, text)]
    return any(one.casefold() in part for one in wanted for part in known)


def _texts(test: Any, extractor: Extractor, conversation: Conversation) -> Iterator[str]:
    """Yield the texts that a condition reads; of a kind that is not listed here, the request without media."""
    match extractor:
        case NumberExtractor() | FlagExtractor():
            return
        case TextsExtractor():
            yield from extractor.extract(conversation)
        case TreeExtractor():
            yield from _values(test, extractor.extract(conversation))
        case HeadersExtractor():
            yield from _values_of(test, conversation.headers)
        case MediaExtractor():
            yield from _addresses(test, conversation)
        case ResultsExtractor():
            yield from (text for result in conversation.tool_results for text in (result.name, result.text))
        case _:
            yield MEDIUM_MARK.sub("", text_of({**conversation.body}))


def _values_of(names: Iterable[str], headers: Mapping[str, str]) -> Iterator[str]:
    return (headers[name.lower()] for name in names if name.lower() in headers)


def _addresses(test: MediaTest, conversation: Conversation) -> Iterator[str]:
    """Yield types and URIs of media; only the types if the test reads no URI."""
    for medium in MessageMedium.from_newest(conversation):
        yield medium.mime
        if isinstance(test, MediaFields) and test.uri is not None:
            yield medium.uri


def _values(tests: Mapping[str, ValueTest], tree: JSON) -> Iterator[str]:
    for path, test in tests.items():
        yield from _redacted_keys(tree, paths.steps(path))
        if not (isinstance(test, ValueFields) and test.model_fields_set == {"exists"}):
            yield from map(text_of, paths.values(tree, paths.steps(path)))


def _redacted_keys(tree: JSON, steps: Sequence[paths.Step]) -> Iterator[str]:
    """Yield the redacted keys of which one may be a step of a path that leads nowhere."""
    if not steps:
        return
    step, rest = steps[0], steps[1:]
    if isinstance(tree, dict) and step is not None and step not in tree:
        yield from (key for key in tree if MARK.search(key))
    for child in paths.values(tree, (step,)):
        yield from _redacted_keys(child, rest)
