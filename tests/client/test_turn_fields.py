"""Durations as numbers and timedeltas."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gemulator.client.options import as_setting
from gemulator.client.turn_fields import DURATION_KEYS, duration_text, part_with_durations, with_durations
from gemulator.core.duration import parse_duration
from gemulator.delivery.faults.schema import FAULTS
from gemulator.scenario.delivery_fields import PacingFields
from gemulator.scenario.replies import KINDS
from gemulator.scenario.replies.literal import EventFields
from gemulator.service.quotas import Quota


def test_list_of_durations_takes_numbers() -> None:
    assert with_durations({"waits": [0.02, "1s", timedelta(seconds=2)]}) == {"waits": ["20ms", "1s", "2s"]}


def is_duration(field: Any) -> bool:
    """Return True if the field is validated as a Duration."""
    return "parse_duration" in repr((field.annotation, field.metadata))


def models() -> Iterator[Any]:
    yield from (PacingFields, Quota, EventFields, *FAULTS.values(), *KINDS.values())


def test_each_duration_of_the_format_takes_numbers() -> None:
    """A key is a duration wherever it stands, and each duration is among the keys."""
    fields = [(name, is_duration(field)) for model in models() for name, field in model.model_fields.items()]
    assert {name for name, found in fields if found} == DURATION_KEYS
    assert {name for name, found in fields if not found} & DURATION_KEYS == set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, "2s"),
        (0, "0s"),
        (1.5, "1.5s"),
        (0.8, "800ms"),
        (0.0005, "0.5ms"),
        (timedelta(milliseconds=10), "10ms"),
        (timedelta(hours=2), "7200s"),
        ("800ms", "800ms"),
        (None, None),
        (True, True),
    ],
)
def test_number_means_seconds(value: Any, expected: object) -> None:
    assert duration_text(value, "lasts") == expected


@pytest.mark.parametrize("seconds", [1e-6, 0.001, 0.01, 0.1 + 0.2, 1, 59.999, 86_400, 1e7])
def test_number_is_read_as_it_was_written(seconds: float) -> None:
    assert parse_duration(duration_text(seconds, "wait")) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), timedelta(seconds=-1)])
def test_number_that_is_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"lasts: .* is not a duration: use seconds from 0 on"):
        with_durations({"stall": {"lasts": value}})


def test_durations_of_parts_are_texts_and_json_stays() -> None:
    chunk = {"wait": 3, "choices": []}
    events = [{"data": "[DONE]", "wait": 2}, {"data": {"wait": 2}, "wait": 0.01}, chunk, "text"]
    assert part_with_durations({"events": events})["events"] == [
        {"data": "[DONE]", "wait": "2s"},
        {"data": {"wait": 2}, "wait": "10ms"},
        chunk,
        "text",
    ]
    assert part_with_durations({"json": {"wait": 3, "after": 1}}) == {"json": {"wait": 3, "after": 1}}
    assert part_with_durations({"audio": "", "tone": 440, "duration": 0.5})["duration"] == "500ms"
    assert part_with_durations({"call": "f", "with": {"duration": 3}}) == {"call": "f", "with": {"duration": 3}}


def test_settings_of_a_session_take_durations() -> None:
    assert as_setting({"stall": {"lasts": timedelta(seconds=2)}}) == '{"stall": {"lasts": "2s"}}'
    assert as_setting({"requests_per_minute": 1, "retry_after": 5}) == '{"requests_per_minute": 1, "retry_after": "5s"}'
