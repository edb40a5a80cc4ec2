"""Checks of single settings. Each raises ValueError."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from gemulator.core.clock import parse_clock
from gemulator.core.credentials import compile_pattern
from gemulator.core.urls import redact_url


def check_clock(value: str) -> str:
    """Check and return the text of a clock."""
    parse_clock(value)
    return value


def check_store(value: str) -> str:
    """Check and return the URL of a store."""
    wrong = ValueError(f"{redact_url(value)!r} is not a store: use `memory` or a URL like redis://localhost:6379/0")
    if value != "memory" and not value.startswith(("redis://", "rediss://", "unix://")):
        raise wrong
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise wrong from None
    return value


def check_origins(value: str) -> str:
    """Check and return the origins for CORS."""
    for origin in filter(None, map(str.strip, value.split(","))):
        if origin not in {"*", "null"} and not re.fullmatch(r"[^:/\s]+://[^/\s]+", origin):
            raise ValueError(f"{origin!r} is not an origin: use `*`, or one like http://localhost:5173")
    return value


def as_patterns(value: Any) -> Any:
    """Return a list of regular expressions. A text is one: it may contain commas."""
    return (value,) if isinstance(value, str) else value


def check_patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    """Check and return regular expressions of texts to redact."""
    for pattern in values:
        compile_pattern(pattern)
    return values


StoreURL: TypeAlias = Annotated[str, AfterValidator(check_store)]
Origins: TypeAlias = Annotated[str, AfterValidator(check_origins)]
Patterns: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(as_patterns), AfterValidator(check_patterns)]


def texts_of(values: Sequence[str | SecretStr]) -> Sequence[str]:
    """Return values as texts, secrets too."""
    return [one.get_secret_value() if isinstance(one, SecretStr) else one for one in values]


def check_no_spaces(texts: Sequence[str]) -> None:
    """Check the values of a list."""
    if any(re.search(r"\s", text) for text in texts):
        raise ValueError("a value has white space: separate several values with commas")


def check_header_values(texts: Sequence[str]) -> None:
    """Check texts that are sent as headers."""
    if not all(text.isascii() and text.isprintable() and text == text.strip() for text in texts):
        raise ValueError("not valid in a header: use printable ASCII without surrounding spaces")
