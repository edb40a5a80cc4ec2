"""Rendered bytes with placeholders for the few values that differ between attempts."""

import re
from collections.abc import Sequence
from functools import cached_property


class ByteTemplate:
    """`data` as rendered for the first attempt, and the `placeholders` in it that later attempts replace.

    A placeholder cannot occur by accident: ids are seeded noise, and an unescaped `"created":` cannot be inside a JSON
    string.
    """

    def __init__(self, data: bytes, placeholders: Sequence[bytes]) -> None:
        self.data = memoryview(data).tobytes()  # orjson over-allocates up to twelve times
        self.placeholders = placeholders

    @cached_property
    def _form(self) -> tuple[bytes, tuple[int, ...]]:
        """The bytes with `%b` for each placeholder, and the index of its value. Built on the first refill."""
        pieces = re.split(b"(" + b"|".join(map(re.escape, self.placeholders)) + b")", self.data)
        fixed = (piece.replace(b"%", b"%%") for piece in pieces[::2])
        return b"%b".join(fixed), tuple([self.placeholders.index(piece) for piece in pieces[1::2]])

    def fill(self, values: Sequence[bytes]) -> bytes:
        """Return the bytes with `values` in place of the placeholders."""
        if not self.placeholders or values == self.placeholders:
            return self.data
        form, order = self._form
        return form % tuple([values[index] for index in order])
