"""Scanner for grammar texts, with line and column in errors."""

import re

from gemulator.generate.grammar.nodes import BadGrammar

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0", "e": "\x1b"}
_CODES = re.compile(r"\\(?:x([0-9A-Fa-f]+)|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^xuU]))", re.DOTALL)
_MAX_DEPTH = 60
_MAX_DIGITS = 9


class Scanner:
    """Cursor in a text; `notation` is named in errors."""

    def __init__(self, text: str, notation: str) -> None:
        self.text = text
        self.at = 0
        self._notation = notation
        self._depth = 0

    def error(self, message: str, at: int | None = None) -> BadGrammar:
        """Return a BadGrammar for this position."""
        position = self.at if at is None else at
        line, column = self.text.count("\n", 0, position) + 1, position - self.text.rfind("\n", 0, position)
        return BadGrammar(f"{self._notation} error at line {line}, column {column}: {message}")

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.text)

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Consume `text` and return True if it is next."""
        found = self.peek(text)
        self.at += len(text) if found else 0
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.error(f"expected '{text}'")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Consume and return a match at the cursor; None if there is none."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def enter(self) -> None:
        """Enter a nested expression; raise BadGrammar if it is nested too deeply."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error("nested too deeply")

    def leave(self) -> None:
        self._depth -= 1

    def unescape(self, written: str) -> str:
        """Return the text with its escapes replaced."""

        def letter(found: re.Match[str]) -> str:
            code = found[1] or found[2] or found[3]
            return chr(int(code, 16)) if code else _ESCAPES.get(found[4], found[4])

        try:
            return _CODES.sub(letter, written)
        except (ValueError, OverflowError):
            raise self.error(f"invalid escape in {written}") from None

    def number(self, digits: str, at: int) -> int:
        """Return the value of digits; raise BadGrammar if it is too large for a repetition."""
        if len(digits) > _MAX_DIGITS:
            raise self.error(f"a number of more than {_MAX_DIGITS} digits", at)
        return int(digits)

    def quantifier(self, *, min_optional: bool) -> tuple[int, int | None] | None:
        """Consume `*`, `+`, `?` or `{2,3}` and return its bounds; None if there is no quantifier."""
        for sign, found in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return found
        start = self.at
        braces = self.match(_BRACES)
        if braces is None:
            return None
        low, comma, high = braces.groups()
        if not low and not (min_optional and high):
            raise self.error("a repetition needs a minimum", start)
        least = self.number(low or "0", start)
        most = (self.number(high, start) if high else None) if comma else least
        if most is not None and most < least:
            raise self.error("the minimum of a repetition is greater than its maximum", start)
        return least, most


_BRACES = re.compile(r"\{\s*+(\d*+)\s*+(,?)\s*+(\d*+)\s*+\}")
