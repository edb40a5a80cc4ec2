"""Shared helpers for open-model servers: thoughts, stream pieces, logprobs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Choice, Part, Text, Thought, ToolCall
from gemulator.core.seed import Seed
from gemulator.dialects.dialect import Style
from gemulator.generate.token_count import count, pieces
from gemulator.request.body import ChatRequest
from gemulator.service.serving_profile import ThoughtPlacement


class Piece(Struct, frozen=True):
    """Content of one stream event: text, thought, head of a call (without text) or part of its arguments.

    `call` is the call's position in the answer.
    """

    kind: Literal["text", "thought", "head", "arguments"]
    text: str = ""
    call: int = 0

    @property
    def tokens(self) -> int:
        return count(self.text)


def place_thoughts(choice: Choice, placement: ThoughtPlacement) -> Choice:
    """Return the choice with its thoughts in the server's position; those in the content become text.

    A thought at which the token limit ended the answer has no closing tag.
    """
    if placement == "field":
        return choice
    unclosed = choice.parts[-1] if choice.parts and choice.finish == "length" else None
    parts = [
        _thought_as_text(part, placement, part is not unclosed) if isinstance(part, Thought) else part
        for part in choice.parts
    ]
    return replace(choice, parts=tuple(part for part in parts if part is not None))


def _thought_as_text(thought: Thought, placement: ThoughtPlacement, ends: bool) -> Part | None:
    if placement == "hidden":
        return None
    opening, closing = "<think>" if placement == "tags" else "", "</think>" if ends else ""
    text = f"{opening}{thought.text}{closing}"
    cut = list(thought.fragments or ())
    if cut:
        cut[0], cut[-1] = opening + cut[0], (opening if len(cut) == 1 else "") + cut[-1] + closing
    return Text(text, fragments=tuple(cut) or None)


def thoughts_of(choice: Choice) -> str | None:
    """Return all thoughts as one text, or None."""
    return "".join(part.text for part in choice.parts if isinstance(part, Thought)) or None


def text_of(choice: Choice) -> str | None:
    """Return all text parts as one text, or None if there are none."""
    texts = [part.text for part in choice.parts if isinstance(part, Text)]
    return "".join(texts) if texts else None


def calls_of(choice: Choice) -> Sequence[ToolCall]:
    """Return the calls of a choice."""
    return [part for part in choice.parts if isinstance(part, ToolCall)]


def stream_pieces(choice: Choice, tokens_per_chunk: int) -> Iterator[Piece]:
    """Yield the pieces of an answer in order, without media, which these servers do not generate."""
    call = 0
    for part in choice.parts:
        match part:
            case Text() | Thought():
                kind: Literal["text", "thought"] = "text" if isinstance(part, Text) else "thought"
                for piece in part.fragments or pieces(part.text, tokens_per_chunk):
                    yield Piece(kind, piece)
            case ToolCall():
                yield Piece("head", call=call)
                for piece in part.fragments or pieces(part.arguments, tokens_per_chunk):
                    yield Piece("arguments", piece, call)
                call += 1


# ---- logprobs

_ALTERNATIVES = (
    " the",
    ",",
    " a",
    ".",
    " and",
    "\n\n",
    " to",
    " I",
    "The",
    " of",
    " is",
    " in",
    '"',
    " you",
    ":",
    " for",
)


def logprobs_of(
    parts: Sequence[Piece], index: int, request: ChatRequest, style: Style, *, raw_bytes: bool = True
) -> Sequence[dict[str, Any] | None]:
    """Return the `logprobs` of each piece of choice `index`; None for each if the request has no `logprobs`."""
    if not request.logprobs:
        return [None] * len(parts)
    tokens = [pieces(part.text, 1) for part in parts]
    seed = style.seed.child("logprobs", index)
    entries = iter(token_logprobs(chain(*tokens), request.top_logprobs or 0, seed, raw_bytes=raw_bytes))
    return [{"content": list(islice(entries, len(own)))} for own in tokens]


def whole_piece(choice: Choice) -> Piece:
    """Return the content of a choice as one piece, for the logprobs of a unary body."""
    return Piece("text", "".join(piece.text for piece in stream_pieces(choice, 64)))


def token_logprobs(tokens: Iterable[str], top: int, seed: Seed, *, raw_bytes: bool = True) -> list[dict[str, Any]]:
    """Return the entries of `logprobs.content` for tokens, each with `top` alternatives, itself first."""
    return [_token_logprob(token, top, seed.child(index), raw_bytes) for index, token in enumerate(tokens)]


def _token_logprob(token: str, top: int, seed: Seed, raw_bytes: bool) -> dict[str, Any]:
    probability = 1 - 0.5 * seed.unit() ** 3  # near 1 for most tokens, and above that of every alternative
    entry = _entry(token, probability, raw_bytes)
    start = seed.child("rivals").below(len(_ALTERNATIVES))
    rotated = [other for other in (*_ALTERNATIVES[start:], *_ALTERNATIVES[:start]) if other != token]
    others = [
        _entry(other, (1 - probability) * 0.5**rank, raw_bytes)
        for rank, other in enumerate(rotated[: max(top - 1, 0)], start=1)
    ]
    return entry | {"top_logprobs": [dict(entry), *others] if top > 0 else []}


def _entry(token: str, probability: float, raw_bytes: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"token": token, "logprob": round(math.log(max(probability, 1e-12)), 6)}
    return entry | ({"bytes": list(token.encode())} if raw_bytes else {})
