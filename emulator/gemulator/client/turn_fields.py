"""Fields of a turn in Python: pacing, faults and durations."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, TypedDict

DurationValue: TypeAlias = str | float | timedelta  # a number means seconds

# Keys of durations in a pacing, a fault, a quota and a part of a reply.
DURATION_KEYS = frozenset({"first_token", "inter_token", "lasts", "after", "gap", "retry_after", "wait", "duration"})
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
    if isinstance(value, Mapping):
        return {
            key: duration_text(item, key) if key in DURATION_KEYS else with_durations(item)
            for key, item in value.items()
        }
    return [with_durations(item) for item in value] if isinstance(value, list | tuple) else value


def part_with_durations(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a reply with durations as texts, also in its events; JSON of the user stays as it is."""
    converted = {key: duration_text(item, key) if key in DURATION_KEYS else item for key, item in part.items()}
    events = converted.get("events")
    if isinstance(events, list | tuple):
        converted["events"] = [with_event_wait(event) for event in events]
    return converted


def with_event_wait(event: Any) -> Any:
    if (
        isinstance(event, Mapping)
        and "wait" in event
        and {"data", "raw"} & event.keys()
        and event.keys() <= _EVENT_KEYS
    ):
        return {**event, "wait": duration_text(event["wait"], "wait")}
    return event


def duration_text(value: Any, name: str) -> Any:
    """Return a timedelta or a number of seconds as a duration like `1.5s`; other values stay."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: {value!r} is not a duration: use seconds from 0 on, like 1.5, or a text like 800ms")
    amount, unit = (value * 1000, "ms") if 0 < value < 1 else (value, "s")
    text = f"{amount:.6f}".rstrip("0").rstrip(".") if isinstance(amount, float) else str(amount)
    return text + unit
