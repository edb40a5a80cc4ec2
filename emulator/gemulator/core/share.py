"""Shares: `20%`."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

_PATTERN = r"^(\d{1,3}(?:\.\d+)?)%$"


def parse_share(value: Any) -> float:
    """Return the number in `20%`. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    found = re.match(_PATTERN, value)
    if found is None:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": _PATTERN})
    if float(found[1]) > 100:
        raise ValueError("a share is a percentage, like 20%")
    return float(found[1]) / 100


Share: TypeAlias = Annotated[
    float, BeforeValidator(parse_share), WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["20%"]})
]
