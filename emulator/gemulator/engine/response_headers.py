"""What gemulator says of its own choices, in headers that the emulated service does not have."""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from gemulator.delivery.steps import Head
from gemulator.dialects import Headers

_LONGEST = 2_000  # characters: clients refuse heads of 8,000 bytes


@lru_cache(maxsize=1024)
def session_header(session: str) -> Headers:
    """The header that names the session."""
    return ((b"x-emulator-session", _value(session)),)


def add_emulator_headers(head: Head, turn: str, error: str, notes: Sequence[str]) -> Head:
    """The head with the turn that answered, what went wrong, and what the developer should know of the request."""
    said = {b"x-emulator-turn": turn, b"x-emulator-error": error, b"x-emulator-notes": "; ".join(notes)}
    return replace(head, headers=(*head.headers, *((name, _value(text)) for name, text in said.items() if text)))


def _value(text: str) -> bytes:
    """A text as a header's value: one line of ASCII, as long as every client takes it."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(filter(str.isprintable, line))
    if len(line) > _LONGEST:
        line = f"{line[:_LONGEST]} ... and {len(line) - _LONGEST} characters more"
    return line.encode("ascii", "replace")
