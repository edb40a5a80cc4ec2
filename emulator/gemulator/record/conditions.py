"""Smallest set of conditions that tells a recorded request from the others of its file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

from gemulator.core.json_types import JSON
from gemulator.core.redaction_marks import MARK
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.like import compile_like, escape_like
from gemulator.scenario.conditions.texts import squeeze
from gemulator.scenario.conditions.volatile import with_holes

_MAX_LIKE = 5_000  # characters
_MAX_HOLES = 50
_MAX_EXTRA = 3  # conditions beside the user text
_MAX_VALUE = 1_000  # characters of a value of the body
_PLACE = frozenset({"model", "endpoint", "location"})
_KNOWN = frozenset({"text", "json_object", "json_schema", "none", "minimal", "low", "medium", "high"})
_ABSENT = {"exists": False}

Condition = tuple[str, Any]


class RecordedRequest:
    """A recorded request with the conditions that could select it, the clearest first.

    `redacted` is the same request without credentials, from which the conditions are made. `foreign`: it was sent to
    another service, so that model and endpoint say nothing.
    """

    def __init__(self, conversation: Conversation, redacted: Conversation, *, foreign: bool = False) -> None:
        self.conversation = conversation
        self.redacted = redacted
        self._left_out = _PLACE if foreign else frozenset()

    @cached_property
    def conditions(self) -> Mapping[str, Any]:
        """Return all conditions by name; those on texts have holes for spans that change."""
        found = dict(_conditions(self.redacted))
        return {name: value for name, value in found.items() if value is not None and name not in self._left_out}

    @cached_property
    def exact(self) -> Mapping[str, Any]:
        """Return the conditions on texts without holes, but for credentials."""
        return {"user": _text(self.redacted.user_turn_text, holes=False)} if self.redacted.user_turn_text else {}


def smallest_when(request: RecordedRequest, others: Sequence[RecordedRequest]) -> dict[str, Any]:
    """Return the fewest conditions that no other request meets, the newest user text first."""
    mine = request.conditions
    base: dict[str, Any] = {"user": mine["user"]} if "user" in mine else {}
    rivals = [other for other in others if all(other.conditions.get(name) == base[name] for name in base)]
    if base and any(other.exact != request.exact for other in rivals):
        base = dict(request.exact)
        rivals = [other for other in rivals if other.exact == request.exact]
    names = [name for name in mine if name != "user"]
    for size in range(0 if base else 1, _MAX_EXTRA + 1):
        for extra in combinations(names, size):
            if all(any(other.conditions.get(name) != mine[name] for name in extra) for other in rivals):
                return base | {name: mine[name] for name in extra}
    body = _differing_values(request.redacted.body, [other.redacted.body for other in rivals])
    return base | {"body": body} if body else complete_when(request, others)


def complete_when(request: RecordedRequest, others: Sequence[RecordedRequest]) -> dict[str, Any]:
    """Return all conditions of a request, and values of its body that the others do not have."""
    chosen = {**request.conditions, **request.exact}
    known = [({**other.conditions, **other.exact}, other) for other in others]
    rivals = [other for theirs, other in known if all(theirs.get(name) == chosen[name] for name in chosen)]
    body = _differing_values(request.redacted.body, [other.redacted.body for other in rivals])
    return chosen | ({"body": body} if body else {})


def _conditions(conversation: Conversation) -> Iterator[Condition]:
    request, results = conversation.request, conversation.tool_results
    yield "user", _text(conversation.user_turn_text) if conversation.user_turn_text else None
    if results:
        yield "tool_result", {"name": results[-1].name, "text": _text(results[-1].text)}
    yield "turn", conversation.turn
    yield "system", _text(conversation.system_text) if conversation.system_text else None
    form = (request.response_format or {}).get("type")
    yield "response_format", _word(form) if isinstance(form, str) else False
    yield "response_schema", {"equals": request.schema_name} if request.schema_name else None
    yield "stream", bool(request.stream)
    yield "model", {"equals": request.model}
    yield "tools", {"equals": request.functions_offered[0].name} if request.functions_offered else False
    yield "endpoint", {"equals": conversation.target.endpoint}
    yield "location", {"equals": conversation.target.location}
    yield "temperature", request.temperature
    yield "max_tokens", request.token_limit
    yield "n", request.n
    yield "seed", request.seed
    yield "reasoning_effort", _word(request.reasoning_effort) if request.reasoning_effort else False


def _word(text: str) -> Any:
    """Return the comparison with a value of a parameter; of the known ones, none is part of another."""
    return text if text in _KNOWN else {"equals": text}


def _text(text: str, *, holes: bool = True) -> dict[str, str]:
    """Return the comparison with a text, with holes for dates, ids and credentials."""
    if len(text) <= _MAX_LIKE:
        line = _with_marks(text, holes=holes)
        if line is not None:
            return {"like": line}
    if MARK.search(text):
        longest = max(MARK.split(text), key=len)
        return {"contains": longest.strip()}
    return {"equals": squeeze(text).strip()} if "\n" not in text else {"equals": text.strip()}


def _with_marks(text: str, *, holes: bool) -> str | None:
    """Return the text with holes, None if it has none."""
    pieces = MARK.split(text)
    line = "{any}".join(with_holes(piece) if holes else escape_like(piece) for piece in pieces)
    count = line.count("{") - 2 * escape_like(text).count("{{")
    if line == escape_like(text) or count > _MAX_HOLES:
        return None
    try:
        compile_like(line)
    except ValueError:
        return None
    return line


def _differing_values(body: JSON, others: Sequence[JSON]) -> dict[str, Any] | None:
    """Return values of a body by path, such that no other body has all of them; None if one has the same values."""
    mine, chosen = dict(_leaves(body, "")), dict[str, Any]()
    for other in others:
        theirs = dict(_leaves(other, ""))
        if any(_test(theirs[path]) != test if path in theirs else test != _ABSENT for path, test in chosen.items()):
            continue
        path = next((path for path, value in mine.items() if path not in theirs or theirs[path] != value), None)
        if path is not None:
            chosen[path] = _test(mine[path])
        elif added := next((path for path in theirs if path not in mine), None):
            chosen[added] = _ABSENT
        else:
            return None
    return chosen


def _test(value: JSON) -> Any:
    return {"equals": value, "exact": True} if isinstance(value, str) else value


def _leaves(value: JSON, path: str) -> Iterator[tuple[str, JSON]]:
    """Yield the short values of a body by path; keys that need quotes have none."""
    if isinstance(value, dict):
        for key, item in value.items():
            if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key):
                yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    elif value is not None and not (isinstance(value, str) and (len(value) > _MAX_VALUE or MARK.search(value))):
        yield path, value
