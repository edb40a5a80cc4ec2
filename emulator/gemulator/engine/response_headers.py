"""Builder of the `x-emulator-*` response headers."""

from collections.abc import Sequence

from msgspec.structs import replace

from gemulator.delivery.steps import Head

_MAX_LENGTH = 2_000  # characters: clients refuse heads of 8,000 bytes


def session_header(session: str) -> tuple[bytes, bytes]:
    """Return the header that names the session."""
    return b"x-emulator-session", _header_value(session)


def add_emulator_headers(
    head: Head, *, turn: str = "", error: str = "", hint: str = "", notes: Sequence[str] = ()
) -> Head:
    """Return the head with headers for the turn that answered, the error, its hint and the notes, if not empty."""
    texts = {
        b"x-emulator-turn": turn,
        b"x-emulator-error": error,
        b"x-emulator-hint": hint,
        b"x-emulator-notes": "; ".join(notes),
    }
    added = ((name, _header_value(text)) for name, text in texts.items() if text)
    return replace(head, headers=(*head.headers, *added))


def _header_value(text: str) -> bytes:
    """Return the text as one line of ASCII, cut to a length that every client accepts."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(filter(str.isprintable, line))
    if len(line) > _MAX_LENGTH:
        line = f"{line[:_MAX_LENGTH]} ... and {len(line) - _MAX_LENGTH} characters more"
    return line.encode("ascii", "replace")
