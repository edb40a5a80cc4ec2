"""Escapes for control characters in text from clients."""

import json

_SLICE = 10_000  # characters; most slices of an archive have nothing to escape


def printable(text: str) -> str:
    """Return the text on one line, with escapes for control and bidirectional formatting characters."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else ascii(char)[1:-1] for char in text])


def printable_lines(text: str) -> str:
    """Return the text as `printable` does, with its line feeds."""
    return "\n".join(map(printable, text.split("\n")))


def printable_json(text: str) -> str:
    """Return JSON of the same value, with JSON's escapes for control and bidirectional formatting characters."""
    if text.isprintable():
        return text
    return "".join([_escape_json(text[at : at + _SLICE]) for at in range(0, len(text), _SLICE)])


def _escape_json(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text])
