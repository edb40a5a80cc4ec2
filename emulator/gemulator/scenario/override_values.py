"""Validation of a request's or session's settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from gemulator.core.overrides import OVERRIDES
from gemulator.core.settings import CallsPerDelta, Fragment, Settings
from gemulator.core.speed import parse_speed
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing, parse_quota
from gemulator.scenario.ordered_error import ordered_turn

_FRAGMENT: TypeAdapter[str] = TypeAdapter(Fragment)
_CALLS: TypeAdapter[int] = TypeAdapter(CallsPerDelta)


def _check_fragment(text: str) -> None:
    try:
        _FRAGMENT.validate_python(text)
    except ValidationError:
        raise ValueError(f"{text!r} is unknown: use `json`, `token`, `whole` or `size:N`") from None


def _check_calls_per_delta(text: str) -> None:
    try:
        _CALLS.validate_python(text)
    except ValidationError:
        raise ValueError(f"{text!r} is no number of calls: use one from 1 to 1000") from None


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "fault": parse_faults,
    "pacing": parse_pacing,
    "quota": parse_quota,
    "error": ordered_turn,
    "speed": parse_speed,
    "fragment": _check_fragment,
    "calls_per_delta": _check_calls_per_delta,
}


def _choices(name: str) -> Sequence[str]:
    """Return the values of a field of Settings that accepts only some."""
    found = get_args(Settings.model_fields[name].annotation)
    nested = [choice for kind in found for choice in get_args(kind)]
    return [choice for choice in (*found, *nested) if isinstance(choice, str)]


_CHOICES = {name: choices for name in OVERRIDES if name in Settings.model_fields and (choices := _choices(name))}


def check_override(name: str, value: str) -> None:
    """Raise ValueError if a field of Overrides cannot have this value."""
    if name in _PARSERS:
        _PARSERS[name](value)
    elif value not in _CHOICES.get(name, (value,)):
        *others, last = [f"`{choice}`" for choice in _CHOICES[name]]
        raise ValueError(f"{value!r} is unknown: use {', '.join(others)} or {last}")
