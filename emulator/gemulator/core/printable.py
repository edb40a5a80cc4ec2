"""Escapes for control characters in text from clients."""

import json


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
    return "".join([char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text])
