"""when(…).reply(…) in Python: what it writes is read by the same door as a scenario file, so it is the same Turn."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self, TypeAlias, TypedDict, Unpack

import orjson

from emulator.errors import ScenarioError
from emulator.scenario import yaml
from emulator.shelf import read_pushed
from emulator.stores.store import Published

NAME = "stubs"  # the scenario that a session's stubs make

Text: TypeAlias = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]
Amount: TypeAlias = float | Mapping[str, float] | Sequence[float]
Part: TypeAlias = str | Mapping[str, Any]
Publish: TypeAlias = Callable[[str], None]  # gets the text of the scenario that the stubs make, after each change


class Conditions(TypedDict, total=False):
    """The conditions of a `when`, as in a scenario; Python's keywords with a `_` after them."""

    user: Text
    earlier: Text
    system: Text
    model: Text
    endpoint: Text
    project: Text
    location: Text
    tool_result: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]
    turn: Amount
    tools: bool | Text
    tool_choice: Text
    response_format: bool | Text
    response_schema: Text
    modalities: bool | Text
    image: bool | str | Mapping[str, Any]
    audio: bool | str | Mapping[str, Any]
    file: bool | str | Mapping[str, Any]
    stream: bool
    temperature: Amount
    top_p: Amount
    max_tokens: Amount
    n: Amount
    seed: Amount
    frequency_penalty: Amount
    presence_penalty: Amount
    stop: bool | Text
    reasoning_effort: bool | Text
    header: Mapping[str, bool | Text]
    body: Mapping[str, Any]
    all_: Sequence[Mapping[str, Any]]
    any_: Sequence[Mapping[str, Any]]
    not_: Mapping[str, Any]


class Pace(TypedDict, total=False):
    """When the chunks of an answer leave, as `pacing` in a scenario."""

    first_token: str
    tokens_per_second: float
    inter_token: str
    jitter: str
    spread: str
    cap: float
    prompt_tokens_per_second: float
    thinking_tokens_per_second: float
    load: str
    tokens_per_chunk: int


class TurnFields(TypedDict, total=False):
    """What a turn has beside `when` and `reply`, as in a scenario."""

    times: int
    id: str
    created: int
    finish: str
    usage: Mapping[str, int | str]
    pacing: Pace
    fault: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]


def written(conditions: Conditions) -> dict[str, Any]:
    """Conditions under the keys of a scenario."""
    return {name.rstrip("_"): value for name, value in conditions.items()}


class Stubs:
    """The turns that were written in Python, in order."""

    def __init__(self) -> None:
        self.turns: list[dict[str, Any]] = []

    def when(self, conditions: Conditions, publish: Publish) -> "Stub":
        """A stub for the requests that fit; nothing answers until it has a reply."""
        return Stub(self, written(conditions), publish)

    def change(self, turns: list[dict[str, Any]], publish: Publish) -> None:
        """Use these turns instead. ScenarioError where one of them is wrong; then nothing has changed."""
        publish(text_of({"turns": turns}))
        self.turns = turns

    def publish(self, publish: Publish) -> None:
        """Put them before all else again."""
        if self.turns:
            publish(text_of({"turns": self.turns}))

    def to_yaml(self) -> str:
        """The scenario file that says the same; empty where nothing was stubbed."""
        return yaml.write({"turns": self.turns}) if self.turns else ""


def text_of(scenario: dict[str, Any]) -> str:
    """A scenario as JSON, which is read soonest; as YAML where JSON does not bear it. ScenarioError."""
    with suppress(TypeError, ScenarioError):
        text = orjson.dumps(scenario).decode()
        read_pushed(Published(NAME, text))
        return text
    text = yaml.write(scenario)
    read_pushed(Published(NAME, text))  # says what is wrong, and in which line
    return text


class Stub:
    """Requests that fit one `when`, and what they are answered, one reply after the other; the last stays."""

    def __init__(self, stubs: Stubs, when: dict[str, Any], publish: Publish) -> None:
        self._stubs = stubs
        self._when = when
        self._publish = publish
        self._newest: int | None = None  # where in the turns

    def reply(self, part: Part, *parts: Part, **fields: Unpack[TurnFields]) -> Self:
        """Answer with a text, or with parts as in a scenario: `{"image": "a lighthouse"}`, `{"thinking": "…"}` …"""
        several = [{"text": one} if isinstance(one, str) else dict(one) for one in (part, *parts)]
        return self._add({**fields, "reply": several if parts else part})

    def call(self, tool: str, given: Mapping[str, Any] | None = None, /, **arguments: Any) -> Self:
        """Answer with a call of a tool; without arguments they are made from the tool's own schema."""
        filled = {**(given or {}), **arguments}
        return self._add({"reply": {"call": tool} if given is None and not filled else {"call": tool, "with": filled}})

    def fail(  # the fields of `error` in a scenario
        self,
        error: int | str = 500,
        *,
        times: int | None = None,
        message: str | None = None,
        status: str | None = None,
        details: Sequence[Mapping[str, Any]] | None = None,
        retry_after: str | None = None,
    ) -> Self:
        """Refuse as the service does: a status, or the name of one of Google's refusals."""
        said = {"error": error, "message": message, "status": status, "details": details, "retry_after": retry_after}
        turn = {"times": times, "reply": {key: value for key, value in said.items() if value is not None}}
        return self._add({key: value for key, value in turn.items() if value is not None})

    def times(self, count: int) -> Self:
        """Let the newest reply answer so often, and then no more."""
        return self._amend({"times": count})

    def pace(self, **pacing: Unpack[Pace]) -> Self:
        """Say when the chunks of the newest reply leave."""
        return self._amend({"pacing": dict(pacing)})

    def fault(self, name: str, /, **fields: Any) -> Self:
        """Break the delivery of the newest reply: `fault("disconnect", after_chunks=2)`. A second one comes on top."""
        earlier = [] if self._newest is None else self._stubs.turns[self._newest].get("fault", [])
        several = [earlier] if isinstance(earlier, str | Mapping) else earlier
        return self._amend({"fault": [*several, {name: fields} if fields else name]})

    def _add(self, fields: dict[str, Any]) -> Self:
        turns = list(self._stubs.turns)
        if self._newest is not None:
            turns[self._newest] = _once(turns[self._newest])
        when = {"when": self._when} if self._when else {}
        self._stubs.change([*turns, {**when, **fields}], self._publish)
        self._newest = len(turns)
        return self

    def _amend(self, fields: dict[str, Any]) -> Self:
        if self._newest is None:
            raise ValueError("say first what is answered: when(…).reply(…), .call(…) or .fail(…)")
        turns = list(self._stubs.turns)
        turns[self._newest] = turns[self._newest] | fields
        self._stubs.change(turns, self._publish)
        return self


def _once(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn after which another is to come: it answers once, unless told. A call makes way by itself."""
    reply = turn["reply"]
    calls = any("call" in part for part in (reply if isinstance(reply, list) else [reply]) if isinstance(part, dict))
    return turn if calls or "times" in turn else {"times": 1, **turn}
