"""Chunks of a text: given literally or by size."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from gemulator.core.count import MAX_CHUNK
from gemulator.core.errors import ReplyError
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.templates.fields import TemplateText

_MAX_CHUNKS = 100_000  # of a text


class ChunkSize(StrictModel):
    """Size of each chunk in one unit."""

    characters: Annotated[int | None, Field(ge=1, le=MAX_CHUNK, description="Characters per chunk.")] = None
    tokens: Annotated[int | None, Field(ge=1, le=MAX_CHUNK, description="Tokens per chunk.")] = None
    words: Annotated[
        int | None, Field(ge=1, le=MAX_CHUNK, description="Words per chunk, with the white space after them.")
    ] = None

    @model_validator(mode="after")
    def _validate_single_unit(self) -> "ChunkSize":
        if sum(size is not None for size in (self.characters, self.tokens, self.words)) != 1:
            raise ValueError("set exactly one of characters, tokens, words")
        return self

    def split(self, text: str) -> tuple[str, ...]:
        """Split the text into pieces of this size. Raises ReplyError if they are too many."""
        chunks = self._split(text)
        if len(chunks) > _MAX_CHUNKS:
            raise ReplyError(f"the answer has {len(chunks):,} chunks, more than {_MAX_CHUNKS:,}: set larger `chunks`")
        return chunks

    def _split(self, text: str) -> tuple[str, ...]:
        if self.tokens is not None:
            from gemulator.generate.token_count import pieces

            return tuple(pieces(text, self.tokens))
        if self.words is not None:
            words = re.findall(r"\s*\S+\s*|\s+", text)
            return tuple("".join(words[at : at + self.words]) for at in range(0, len(words), self.words))
        size = self.characters or 1
        return tuple(text[at : at + size] for at in range(0, len(text), size))


def _chunks_tag(value: Any) -> str:
    return "<pieces>" if isinstance(value, list) else "<size>"


Chunks: TypeAlias = Annotated[
    Annotated[list[TemplateText], Field(min_length=1), Tag("<pieces>")] | Annotated[ChunkSize, Tag("<size>")],
    Discriminator(_chunks_tag),
]


def split(chunks: Chunks | None, text: str) -> tuple[str, ...] | None:
    """Split a text by size; return None if no size is set."""
    return chunks.split(text) or None if isinstance(chunks, ChunkSize) else None


def literal_pieces(chunks: Chunks | None) -> Sequence[str] | None:
    """Return the pieces if they are given literally."""
    return chunks if isinstance(chunks, list) else None
