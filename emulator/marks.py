"""What gemulator says of its own choices, in headers that the emulated service does not have."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.delivery import Head
from emulator.dialects import Headers


def session_mark(session: str) -> Headers:
    """The header that names the session."""
    return ((b"x-emulator-session", _value(session)),)


def marked(head: Head, turn: str, matched: bool, notes: Sequence[str]) -> Head:
    """The head with the turn that answered, and what the developer should know of the request."""
    marks = [(b"x-emulator-turn", _value(turn)) if matched else (b"x-emulator-error", b"unmatched")]
    if notes:
        marks.append((b"x-emulator-notes", _value("; ".join(notes))))
    return replace(head, headers=(*head.headers, *marks))


def _value(text: str) -> bytes:
    """A text as a header's value: one line of ASCII."""
    return " ".join(text.split()).encode("ascii", "replace")
