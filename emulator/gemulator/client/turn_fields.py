"""Fields of a turn in Python: pacing, faults and durations."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, TypedDict

DurationValue: TypeAlias = str | float | timedelta  # a number means seconds

# Keys of durations in a pacing, a fault, a quota and a part of a reply.
DURATION_KEYS = frozenset(
    {"first_token", "inter_token", "lasts", "after", "gap", "retry_after", "wait", "waits", "duration"}
)
_EVENT_KEYS = frozenset({"data", "raw", "event", "wait"})  # of an event; one with other keys is data


class Pace(TypedDict, total=False):
    """Pacing of an answer, as `pacing` in a scenario."""

    first_token: DurationValue
    tokens_per_second: float
    inter_token: DurationValue
    jitter: str
    spread: str
    cap: float
    prompt_tokens_per_second: float
    thinking_tokens_per_second: float
    load: str
    tokens_per_chunk: int
    waits: Sequence[DurationValue]


class TurnFields(TypedDict, total=False):
    """Fields of a turn other than `when` and `reply`, as in a scenario."""

    times: int
    id: str
    created: int
    finish: str
    usage: Mapping[str, int | str]
    pacing: Pace
    fault: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]


def with_durations(value: Any) -> Any:
    """Return the fields of a pacing, a fault or a quota with durations as texts. Raise ValueError for one below 0."""
    __tracebackhide__ = True
    try:
        return _convert(value)
    except ValueError as error:
        raise ValueError(str(error)) from None  # hides the frames of the recursion


def part_with_durations(part: Any) -> Any:
    """Return a part of a reply with durations as texts, also in its events; JSON of the user stays as it is."""
    __tracebackhide__ = True
    if not isinstance(part, Mapping):
        return part
    try:
        converted = {key: duration_text(item, key) if key in DURATION_KEYS else item for key, item in part.items()}
        events = converted.get("events")
        if isinstance(events, list | tuple):
            converted["events"] = [
                {**event, "wait": duration_text(event["wait"], "wait")} if _has_wait(event) else event
                for event in events
            ]
    except ValueError as error:
        raise ValueError(str(error)) from None  # hides the frames of the comprehensions
    return converted


def _convert(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: duration_text(item, key) if key in DURATION_KEYS else _convert(item) for key, item in value.items()
        }
    return [_convert(item) for item in value] if isinstance(value, list | tuple) else value


def _has_wait(event: Any) -> bool:
    """Return True for an event with a time; a mapping with other keys is the data of an event."""
    if not isinstance(event, Mapping) or "wait" not in event:
        return False
    return bool({"data", "raw"} & event.keys()) and event.keys() <= _EVENT_KEYS


def duration_text(value: Any, name: str) -> Any:
    """Return a timedelta or a number of seconds as a duration like `1.5s`, also in a list; other values stay."""
    __tracebackhide__ = True
    if isinstance(value, list | tuple):
        return [duration_text(item, name) for item in value]
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: {value!r} is not a duration: use seconds from 0 on, like 1.5, or a text like 800ms")
    amount, unit = (value * 1000, "ms") if 0 < value < 1 else (value, "s")
    text = f"{amount:.6f}".rstrip("0").rstrip(".") if isinstance(amount, float) else str(amount)
    return text + unit
