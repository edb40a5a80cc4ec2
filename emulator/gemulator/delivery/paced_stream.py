"""The steps of a paced stream, each made when it is due: thousands of streams share their templates."""

from collections.abc import Sequence
from typing import Self, overload

from msgspec import Struct

from gemulator.delivery.byte_template import ByteTemplate
from gemulator.delivery.steps import LARGEST_WRITE, Chunk, Head, Step


class StreamTemplate(Struct, frozen=True):
    """The chunks of a stream as all its attempts share them: ids differ, sizes hardly do.

    `size` is that of all in bytes; `most` is how many may leave at once. 0: not even one, it has to be cut.
    """

    templates: tuple[ByteTemplate, ...]
    tokens: tuple[int, ...]
    size: int
    max_batch: int

    @classmethod
    def of(cls, chunks: Sequence[tuple[ByteTemplate, int]]) -> Self:
        """The score of templates, each with its tokens."""
        sizes = [len(template.data) for template, _ in chunks]
        templates, tokens = (template for template, _ in chunks), (count for _, count in chunks)
        return cls(tuple(templates), tuple(tokens), sum(sizes), LARGEST_WRITE // max(sizes))


class PacedSteps(Sequence[Step]):
    """A head, then the chunks of a score; `waits` are the seconds before each of them."""

    __slots__ = ("_values", "head", "score", "waits")

    def __init__(self, head: Head, score: StreamTemplate, values: Sequence[bytes], waits: Sequence[float]) -> None:
        self.head = head
        self.score = score
        self.waits = waits
        self._values = values

    def data(self, position: int) -> bytes:
        """The bytes of a chunk. They count from 1: the head is at 0."""
        return self.score.templates[position - 1].fill(self._values)

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
        return Chunk(self.data(position), self.score.tokens[position - 1], wait)
