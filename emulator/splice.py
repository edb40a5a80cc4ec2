"""Bytes that were rendered once, and differ from attempt to attempt in a few marked places only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Template:
    """`pieces` alternate between fixed bytes and slots; `order` says which value goes into each slot."""

    pieces: tuple[bytes, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, data: bytes, marks: Sequence[bytes]) -> Self:
        """The template of `data`, with a slot wherever one of `marks` stands.

        A mark must not occur by accident: ids are seeded noise, and an unescaped `"created":` cannot stand inside a
        JSON string.
        """
        if not marks:
            return cls((data,), ())
        pieces = re.split(b"(" + b"|".join(map(re.escape, marks)) + b")", data)
        return cls(tuple(pieces), tuple(map(marks.index, pieces[1::2])))

    def fill(self, values: Sequence[bytes]) -> bytes:
        """The bytes with `values` in place of the marks."""
        if not self.order:
            return self.pieces[0]
        filled = list(self.pieces)
        filled[1::2] = [values[index] for index in self.order]
        return b"".join(filled)
