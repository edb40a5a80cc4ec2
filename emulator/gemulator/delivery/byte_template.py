"""Rendered bytes with placeholders for the few values that differ between attempts."""

import re
from collections.abc import Sequence
from functools import cached_property

_FEW = 30  # placeholders that are searched for one by one
_QUOTED = rb'(?<=")[^"\\]{8,}+(?=")'  # strings of JSON as long as an id


class Placeholders:
    """Values in the bytes of an answer that later attempts replace; all of its chunks share them.

    A placeholder cannot occur by accident: ids are seeded noise, and an unescaped `"created":` cannot be inside a JSON
    string. Ids and signatures are whole JSON strings, so that many are looked up instead of searched for.
    """

    def __init__(self, values: Sequence[bytes] = ()) -> None:
        self.values = values

    @cached_property
    def _positions(self) -> dict[bytes, int]:
        return {value: index for index, value in reversed([*enumerate(self.values)])}

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        if len(self.values) <= _FEW:
            return re.compile(b"(" + b"|".join(map(re.escape, self.values)) + b")")
        members = [re.escape(value) for value in self.values if b'"' in value]
        return re.compile(b"(" + b"|".join([*members, _QUOTED]) + b")")

    def form(self, data: bytes) -> tuple[bytes, tuple[int, ...]]:
        """Return the bytes with `%b` for each placeholder, and the index of its value."""
        pieces, order = self._pattern.split(data), []
        for at, piece in enumerate(pieces):
            if at % 2 and piece in self._positions:
                order.append(self._positions[piece])
                pieces[at] = b"%b"
            else:
                pieces[at] = piece.replace(b"%", b"%%")
        return b"".join(pieces), tuple(order)


class ByteTemplate:
    """`data` as rendered for the first attempt, and the `placeholders` in it that later attempts replace."""

    def __init__(self, data: bytes, placeholders: Placeholders) -> None:
        self.data = memoryview(data).tobytes()  # orjson over-allocates up to twelve times
        self.placeholders = placeholders

    @cached_property
    def _form(self) -> tuple[bytes, tuple[int, ...]]:
        """Built on the first refill."""
        return self.placeholders.form(self.data)

    def fill(self, values: Sequence[bytes]) -> bytes:
        """Return the bytes with `values` in place of the placeholders."""
        initial = self.placeholders.values
        if not initial or values is initial or values == initial:
            return self.data
        form, order = self._form
        return form % tuple([values[index] for index in order])


CONSTANT = Placeholders()
"""Placeholders of bytes that no attempt changes."""
