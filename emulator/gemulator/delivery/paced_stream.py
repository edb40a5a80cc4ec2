"""Lazy steps of a paced stream: thousands of streams share their templates."""

from collections.abc import Sequence
from typing import Self, overload

from msgspec import Struct

from gemulator.delivery.byte_template import ByteTemplate
from gemulator.delivery.steps import LARGEST_WRITE, Chunk, Head, Step


class StreamTemplate(Struct, frozen=True):
    """The chunks of a stream, shared by all attempts: ids differ, sizes hardly do.

    `size` is the total in bytes; `max_batch` is the number of chunks that may be sent at once (0: each must be split).
    """

    templates: tuple[ByteTemplate, ...]
    tokens: tuple[int, ...]
    size: int
    max_batch: int

    @classmethod
    def of(cls, chunks: Sequence[tuple[ByteTemplate, int]]) -> Self:
        """Return the stream template of chunk templates with their token counts."""
        sizes = [len(template.data) for template, _ in chunks]
        templates, tokens = (template for template, _ in chunks), (count for _, count in chunks)
        return cls(tuple(templates), tuple(tokens), sum(sizes), LARGEST_WRITE // max(sizes))


class PacedSteps(Sequence[Step]):
    """A head and the chunks of a stream template; `waits` are the seconds before each of them."""

    __slots__ = ("_values", "head", "template", "waits")

    def __init__(self, head: Head, template: StreamTemplate, values: Sequence[bytes], waits: Sequence[float]) -> None:
        self.head = head
        self.template = template
        self.waits = waits
        self._values = values

    def data(self, position: int) -> bytes:
        """Return the bytes of a chunk, counted from 1; the head is at 0."""
        return self.template.templates[position - 1].fill(self._values)

    def __len__(self) -> int:
        return len(self.waits)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        wait = self.waits[position]
        if position == 0:
            return Head(self.head.status, self.head.headers, wait)
        return Chunk(self.data(position), self.template.tokens[position - 1], wait)
