"""Durations with units: `800ms`, `1.5s`, `2m`."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PATTERN = r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$"


def parse_duration(value: Any) -> float:
    """Return the seconds of a duration. Raises ValueError if the unit is missing."""
    found = re.match(_PATTERN, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration needs a unit, like 800ms, 1.5s or 2m")
    return float(found[1]) * _UNITS[found[2]]


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["800ms", "1.5s"]}),
]
