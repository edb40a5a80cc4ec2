"""Stubs in Python: `when(…).reply(…)` as turns of a scenario."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any, Never, Self, TypeAlias, Unpack

import orjson
from msgspec.structs import replace

from gemulator.client.call_site import CallSite, call_site
from gemulator.client.conditions import MatchConditions, conditions_as_dict, show_when
from gemulator.client.json_values import to_json_value
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.turn_fields import (
    DurationValue,
    Pace,
    TurnFields,
    duration_text,
    part_with_durations,
    with_durations,
)
from gemulator.client.wrong_calls import call_error, positional_error, reply_error
from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.engine.session_library import read_pushed
from gemulator.scenario.replies import KINDS
from gemulator.state.journal.json_views import EntryView
from gemulator.state.store import PushedScenario

NAME = "stubs"  # name of the scenario made of a session's stubs

Part: TypeAlias = str | Mapping[str, Any]
Publish: TypeAlias = Callable[[str], None]  # called with the scenario's text after each change
ReadJournal: TypeAlias = Callable[[], Sequence[EntryView]]  # returns what stubs answered
CountAnswers: TypeAlias = Callable[[], Mapping[str, int]]  # returns the answers of each turn, like `stubs/1`


class Stubs:
    """Turns written in Python, in order. Thread-safe."""

    def __init__(self, publish: Publish, read_journal: ReadJournal, count_answers: CountAnswers) -> None:
        self.turns: list[dict[str, Any]] = []
        self.places: list[CallSite] = []  # of the turns, where each was written
        self.pending: list[Stub] = []  # those without a reply
        self.lock = RLock()
        self.read_journal = read_journal
        self.count_answers = count_answers
        self._publish = publish

    def when(self, conditions: MatchConditions) -> "Stub":
        """Create a stub for the requests that match; it answers nothing until it has a reply."""
        __tracebackhide__ = True
        stub = Stub(self, conditions_as_dict(conditions))
        self.pending.append(stub)
        return stub

    def change(self, turns: list[dict[str, Any]]) -> None:
        """Replace the turns. Raise ScenarioError if one is invalid; nothing changes then."""
        __tracebackhide__ = True
        try:
            text = dump({"turns": turns})
        except ScenarioError as error:
            raise _with_stub_numbers(error) from None
        self._publish(text)
        self.turns = turns

    def publish(self) -> None:
        """Publish the turns again, so that they precede files loaded since."""
        with self.lock:
            if self.turns:
                self._publish(dump({"turns": self.turns}))

    def incomplete(self) -> Iterator[str]:
        """Yield a message for each `when` without a reply."""
        for stub in self.pending:
            shown = f"{show_when(stub.conditions)} at {stub.place}"
            yield f"{shown} has no answer: add .reply(…), .call(…) or .fail(…)"

    def place(self, number: int) -> CallSite | None:
        """Return where the turn with this number was written; None if it is no turn of these stubs."""
        return self.places[number - 1] if 0 < number <= len(self.places) else None

    def to_yaml(self) -> str:
        """Return the stubs as a scenario file; empty if there are none."""
        return yaml.write({"turns": self.turns}) if self.turns else ""


def dump(scenario: dict[str, Any]) -> str:
    """Return a scenario as JSON, which parses fastest, or as YAML if JSON cannot represent it. Raise ScenarioError."""
    with suppress(TypeError, ScenarioError):
        text = orjson.dumps(scenario).decode()
        read_pushed(PushedScenario(NAME, text))
        return text
    text = yaml.write(scenario)
    read_pushed(PushedScenario(NAME, text))  # raises with line numbers
    return text


def conditions_error(conditions: dict[str, Any], where: str) -> ScenarioError | None:
    """Return the error of converted conditions, or None if they are valid."""
    try:
        dump({"turns": [{"when": conditions, "reply": ""}]})
    except ScenarioError as error:
        return ScenarioError(
            [
                replace(one, file=Path(where), path=one.path.removeprefix("when."))
                for one in _with_stub_numbers(error).problems
            ]
        )
    return None


def _with_stub_numbers(error: ScenarioError) -> ScenarioError:
    """Locate problems by stub number instead of line: users do not see the text."""
    return ScenarioError([_locate(problem) for problem in error.problems])


def _locate(problem: Problem) -> Problem:
    found = re.match(r"turns\[(\d+)\]\.?", problem.path)
    if found is None:
        return problem
    file = Path(NAME, str(int(found[1]) + 1))
    return replace(problem, file=file, line=0, column=0, path=problem.path[found.end() :])


class Stub:
    """Conditions and their replies, which answer one after the other; the last one repeats."""

    def __init__(self, stubs: Stubs, conditions: dict[str, Any]) -> None:
        self.conditions = conditions
        self.place = call_site()  # of its `when`
        self._stubs = stubs
        self._indices: list[int] = []  # of its turns in the scenario, newest last

    def __repr__(self) -> str:
        return f"<Stub {show_when(self.conditions)} at {self.place}>"

    @property
    def calls(self) -> Sequence[RecordedRequest]:
        """The requests that it has answered, in order. They are read from the session's journal."""
        __tracebackhide__ = True
        numbers = {index + 1 for index in self._indices}
        entries = self._stubs.read_journal()
        return [RecordedRequest(one) for one in entries if one["turn"] in numbers and one["source"] == "turn"]

    @property
    def call_count(self) -> int:
        """The number of requests that it has answered, also of those that the journal has no more."""
        __tracebackhide__ = True
        answers = self._stubs.count_answers()
        return sum(answers.get(f"{NAME}/{index + 1}", 0) for index in self._indices)

    @property
    def called(self) -> bool:
        """True if it has answered a request."""
        __tracebackhide__ = True
        return self.call_count > 0

    def reply(self, *parts: Part | Sequence[Part], **fields: Unpack[TurnFields]) -> Self:
        """Answer with a text, or with parts as in a scenario: `{"image": "a lighthouse"}`, `{"thinking": "…"}`.

        Several parts are one answer: `reply("One.", "Two.")` or `reply(["One.", "Two."])`.
        """
        __tracebackhide__ = True
        given = [one for part in parts for one in (part if isinstance(part, list | tuple) else [part])]
        if not parts or not all(_is_part(part) for part in given) or fields.keys() & KINDS.keys():
            raise reply_error(given, fields, KINDS.keys())
        several = list(map(part_with_durations, given))
        if len(parts) > 1 or isinstance(parts[0], list | tuple):
            reply: Any = [part if isinstance(part, Mapping) else {"text": part} for part in several]
        else:
            reply = several[0]
        return self._add({**_turn_fields(fields), "reply": reply})

    def call(self, tool: str, given: Mapping[str, Any] | None = None, /, **arguments: Any) -> Self:
        """Answer with a tool call; omitted arguments are generated from the tool's schema."""
        __tracebackhide__ = True
        if not isinstance(tool, str) or not (given is None or isinstance(given, Mapping)):
            raise call_error(tool, given)
        merged = {**(given or {}), **arguments}
        return self._add({"reply": {"call": tool} if given is None and not merged else {"call": tool, "with": merged}})

    def fail(  # the fields of `error` in a scenario
        self,
        error: int | str = 500,
        *,
        times: int | None = None,
        with_: Mapping[str, Any] | None = None,
        message: str | None = None,
        status: str | None = None,
        field: str | None = None,
        details: Sequence[Mapping[str, Any]] | None = None,
        retry_after: DurationValue | None = None,
    ) -> Self:
        """Answer with an error of the service: a status, or the name of one of Google's errors.

        `with_` are values of its message, like `{"function": "get_time"}`.
        """
        __tracebackhide__ = True
        if not isinstance(error, int | str):
            raise TypeError(f"fail() takes a status or the name of an error, not {error!r}: write .fail(429)")
        texts = {"message": message, "status": status, "field": field, "details": details}
        reply = {"error": error, "with": with_, **texts, "retry_after": duration_text(retry_after, "retry_after")}
        turn = {"times": times, "reply": {key: value for key, value in reply.items() if value is not None}}
        return self._add({key: value for key, value in turn.items() if value is not None})

    def times(self, count: int) -> Self:
        """Limit the newest reply to `count` answers."""
        __tracebackhide__ = True
        if not isinstance(count, int):
            raise TypeError(f"times() takes a number of answers, not {count!r}: write .times(2)")
        return self._amend({"times": count})

    def pace(self, *wrong: Never, **pacing: Unpack[Pace]) -> Self:
        """Set the pacing of the newest reply. A number of a duration means seconds."""
        __tracebackhide__ = True
        if wrong:
            raise positional_error(".pace", "a pacing", wrong, "first_token")
        return self._amend({"pacing": with_durations(pacing)})

    def fault(self, name: str | Mapping[str, Any], /, **fields: Any) -> Self:
        """Add a fault to the delivery of the newest reply: `fault("disconnect", after_chunks=2)`.

        A number of a duration means seconds: `fault("stall", lasts=2)`.
        """
        __tracebackhide__ = True
        if not isinstance(name, str | Mapping) or (fields and not isinstance(name, str)):
            raise TypeError(
                f'fault() takes the name of one fault, not {name!r}: write .fault("disconnect", after_chunks=2)'
            )
        with self._stubs.lock:
            earlier = self._stubs.turns[self._indices[-1]].get("fault", []) if self._indices else []
            several = [earlier] if isinstance(earlier, str | Mapping) else earlier
            return self._amend({"fault": [*several, with_durations({name: fields} if fields else name)]})

    def _add(self, fields: dict[str, Any]) -> Self:
        __tracebackhide__ = True
        turn = {"when": self.conditions, **to_json_value(fields)} if self.conditions else to_json_value(fields)
        place = call_site()
        with self._stubs.lock:
            turns = list(self._stubs.turns)
            if self._indices:
                turns[self._indices[-1]] = _limit_to_one(turns[self._indices[-1]])
            self._stubs.pending = [one for one in self._stubs.pending if one is not self]
            self._stubs.change([*turns, turn])
            self._stubs.places.append(place)
            self._indices.append(len(turns))
        return self

    def _amend(self, fields: dict[str, Any]) -> Self:
        __tracebackhide__ = True
        with self._stubs.lock:
            if not self._indices:
                raise ValueError("there is no reply to change yet: call .reply(…), .call(…) or .fail(…) first")
            turns = list(self._stubs.turns)
            turns[self._indices[-1]] = turns[self._indices[-1]] | to_json_value(fields)
            self._stubs.change(turns)
        return self


def _is_part(value: object) -> bool:
    return not (value is None or isinstance(value, int | float | bytes | list | tuple))


def _turn_fields(fields: TurnFields) -> dict[str, Any]:
    __tracebackhide__ = True
    converted: dict[str, Any] = {**fields}
    for name in ("pacing", "fault"):
        if name in converted:
            converted[name] = with_durations(converted[name])
    return converted


def _limit_to_one(turn: dict[str, Any]) -> dict[str, Any]:
    """Limit a turn that another one follows to one answer, unless it has `times` or calls a tool."""
    reply = turn["reply"]
    calls = any("call" in part for part in (reply if isinstance(reply, list) else [reply]) if isinstance(part, dict))
    return turn if calls or "times" in turn else {"times": 1, **turn}
