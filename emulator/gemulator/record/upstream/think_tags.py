"""Thoughts between tags at the start of a text that comes in pieces."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "thought"]

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkTags:
    """Splitter of a text that may begin with `<think>…</think>`."""

    def __init__(self) -> None:
        self._state: Literal["start", "thought", "after", "text"] = "start"
        self._held = ""

    def add(self, text: str) -> Iterator[tuple[Kind, str]]:
        """Yield the pieces that are known to be thought or text."""
        self._held += text
        if self._state == "start":
            self._begin()
        if self._state == "thought":
            yield from self._thoughts()
        if self._state == "after":  # blank lines part the thought from the text
            self._held = self._held.lstrip()
            self._state = "text" if self._held else "after"
        if self._state == "text" and self._held:
            yield "text", self._take(len(self._held))

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Yield the rest of the text."""
        if self._held:
            yield "thought" if self._state == "thought" else "text", self._take(len(self._held))

    def _begin(self) -> None:
        seen = self._held.lstrip()
        if seen.startswith(_OPEN):
            self._held, self._state = seen[len(_OPEN) :], "thought"
        elif not _OPEN.startswith(seen):
            self._state = "text"

    def _thoughts(self) -> Iterator[tuple[Kind, str]]:
        at = self._held.find(_CLOSE)
        ends = at >= 0
        if not ends:
            at = len(self._held) - _begun(self._held)
        if at:
            yield "thought", self._take(at)
        if ends:
            self._held, self._state = self._held[len(_CLOSE) :], "after"

    def _take(self, size: int) -> str:
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def _begun(text: str) -> int:
    """Return the number of characters at the end that may begin the closing tag."""
    return next((size for size in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:size])), 0)
