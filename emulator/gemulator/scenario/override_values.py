"""Validation of a request's or session's settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from gemulator.core.overrides import OVERRIDES
from gemulator.core.settings import Settings, parse_speed
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing, parse_quota

_PARSERS: Mapping[str, Callable[[str], object]] = {
    "fault": parse_faults,
    "pacing": parse_pacing,
    "quota": parse_quota,
    "speed": parse_speed,
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
