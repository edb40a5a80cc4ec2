"""Walks through the text of a grammar: what stands next, and the place of what is wrong."""

import re

from gemulator.generate.grammar.nodes import BadGrammar

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0", "e": "\x1b"}
_CODES = re.compile(r"\\(?:x([0-9A-Fa-f]+)|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^xuU]))", re.DOTALL)
_DEEPEST = 60


class Scanner:
    """A place in a text. `notation` names what is read, for complaints."""

    def __init__(self, text: str, notation: str) -> None:
        self.text = text
        self.at = 0
        self._notation = notation
        self._depth = 0

    def bad(self, message: str, at: int | None = None) -> BadGrammar:
        """The complaint about this place."""
        place = self.at if at is None else at
        line, column = self.text.count("\n", 0, place) + 1, place - self.text.rfind("\n", 0, place)
        return BadGrammar(f"{self._notation} error at line {line}, column {column}: {message}")

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Whether `text` stands here; then it is passed."""
        found = self.peek(text)
        self.at += len(text) if found else 0
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.bad(f"expected '{text}'")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches here; then it is passed."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def deeper(self) -> None:
        """One level of brackets more; BadGrammar where there are too many."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.bad("nested too deeply")

    def higher(self) -> None:
        self._depth -= 1

    def unescaped(self, written: str) -> str:
        """The text that stands for itself once its escapes are replaced."""

        def letter(found: re.Match[str]) -> str:
            code = found[1] or found[2] or found[3]
            return chr(int(code, 16)) if code else _ESCAPES.get(found[4], found[4])

        try:
            return _CODES.sub(letter, written)
        except (ValueError, OverflowError):
            raise self.bad(f"invalid escape in {written}") from None

    def bounds(self, *, low_may_miss: bool) -> tuple[int, int | None] | None:
        """What `*`, `+`, `?` or `{2,3}` here says of repetition; None where nothing is said."""
        for sign, found in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return found
        start = self.at
        braces = self.match(_BRACES)
        if braces is None:
            return None
        low, comma, high = braces.groups()
        if not low and not (low_may_miss and high):
            raise self.bad("a repetition needs a number", start)
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if most is not None and most < least:
            raise self.bad("the lower bound of a repetition is larger than the upper one", start)
        return least, most


_BRACES = re.compile(r"\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}")
