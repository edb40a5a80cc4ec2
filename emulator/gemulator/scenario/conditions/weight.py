"""Cost of the comparisons in conditions."""

from typing import Any

from pydantic import BaseModel

_NANOSECONDS = {"glob": 8, "matches": 3, "word": 3, "like": 3}  # per character; a literal text takes 1


def weight(test: Any) -> int:
    """Return the estimated nanoseconds that a test takes for each character of a request."""
    match test:
        case str():
            return 1
        case list():
            return sum(map(weight, test))
        case dict():
            return sum([1 + weight(value) for value in test.values()])
        case BaseModel():
            return sum([_NANOSECONDS.get(name) or weight(getattr(test, name)) for name in test.model_fields_set])
    return 0
