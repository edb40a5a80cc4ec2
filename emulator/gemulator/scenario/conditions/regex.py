"""Regular expressions on RE2, which runs in linear time: no pattern of a scenario can hang the server."""

import re
from functools import lru_cache
from typing import Any

import re2

# What other engines have and a linear one cannot, by how it is written.
_REFUSED = (
    (r"\(\?[=!]", "look-ahead"),
    (r"\(\?<[=!]", "look-behind"),
    (r"\\[1-9]|\(\?P=", "a back-reference"),
    (r"\(\?>", "an atomic group"),
    (r"[*+?}]\+", "a possessive quantifier"),
    (r"\(\?\(", "a conditional group"),
)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The compiled pattern. ValueError names the construct that is not accepted."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"regular expression not accepted: {_reason(pattern, error)}") from None


def _reason(pattern: str, error: Exception) -> str:
    for written, name in _REFUSED:
        found = re.search(written, pattern)
        if found:
            return f"`{found[0]}` is {name}, which RE2 does not have because it could run for ever"
    said = error.args[0]
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def checked(pattern: str | None) -> str | None:
    """The pattern itself, for pydantic. ValueError where it is not accepted."""
    if pattern is not None:
        compiled(pattern)
    return pattern
