"""What is common to the servers of open models: where thoughts stand, how an answer is cut, what its tokens weigh."""

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
from gemulator.service.serving_profile import Placement


class Piece(Struct, frozen=True):
    """What one event of a stream says: words, thoughts, the head of a call (no words), or some of its arguments.

    `call` is the call's position in the answer.
    """

    kind: Literal["text", "thought", "head", "arguments"]
    text: str = ""
    call: int = 0

    @property
    def tokens(self) -> int:
        return count(self.text)


def placed(choice: Choice, placement: Placement) -> Choice:
    """The choice with its thoughts where the server puts them: those in the content have become words.

    The last thought has no end where the limit came before it.
    """
    if placement == "field":
        return choice
    unended = choice.parts[-1] if choice.parts and choice.finish == "length" else None
    kept = [
        _worded(part, placement, part is not unended) if isinstance(part, Thought) else part for part in choice.parts
    ]
    return replace(choice, parts=tuple(part for part in kept if part is not None))


def _worded(thought: Thought, placement: Placement, ends: bool) -> Part | None:
    if placement == "hidden":
        return None
    opening, closing = "<think>" if placement == "tags" else "", "</think>" if ends else ""
    text = f"{opening}{thought.text}{closing}"
    cut = list(thought.fragments or ())
    if cut:
        cut[0], cut[-1] = opening + cut[0], (opening if len(cut) == 1 else "") + cut[-1] + closing
    return Text(text, fragments=tuple(cut) or None)


def thoughts_of(choice: Choice) -> str | None:
    """All thoughts; None where there is none."""
    return "".join(part.text for part in choice.parts if isinstance(part, Thought)) or None


def words_of(choice: Choice) -> str | None:
    """All words; None where there is no text at all."""
    texts = [part.text for part in choice.parts if isinstance(part, Text)]
    return "".join(texts) if texts else None


def calls_of(choice: Choice) -> Sequence[ToolCall]:
    return [part for part in choice.parts if isinstance(part, ToolCall)]


def spoken(choice: Choice, tokens_per_chunk: int) -> Iterator[Piece]:
    """The pieces of an answer in order. Pictures and sounds have no place on these servers."""
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


# ---- what tokens weigh

_RIVALS = (" the", ",", " a", ".", " and", "\n\n", " to", " I", "The", " of", " is", " in", '"', " you", ":", " for")


def weights_of(
    said: Sequence[Piece], index: int, request: ChatRequest, style: Style, *, raw_bytes: bool = True
) -> Sequence[dict[str, Any] | None]:
    """The `logprobs` beside each piece of choice `index`; None where the request asks for none."""
    if not request.logprobs:
        return [None] * len(said)
    cut = [pieces(piece.text, 1) for piece in said]
    seed = style.seed.child("logprobs", index)
    entries = iter(weighed(chain(*cut), request.top_logprobs or 0, seed, raw_bytes=raw_bytes))
    return [{"content": list(islice(entries, len(tokens)))} for tokens in cut]


def whole(choice: Choice) -> Piece:
    """All that a choice says as one piece, as the logprobs of a unary body see it."""
    return Piece("text", "".join(piece.text for piece in spoken(choice, 64)))


def weighed(tokens: Iterable[str], top: int, seed: Seed, *, raw_bytes: bool = True) -> list[dict[str, Any]]:
    """The entries of `logprobs.content` for some tokens, each with its `top` likeliest at that place, itself first."""
    return [_weighed(token, top, seed.child(index), raw_bytes) for index, token in enumerate(tokens)]


def _weighed(token: str, top: int, seed: Seed, raw_bytes: bool) -> dict[str, Any]:
    chance = 1 - 0.5 * seed.unit() ** 3  # most are nearly certain, and each is the likeliest at its place
    entry = _entry(token, chance, raw_bytes)
    start = seed.child("rivals").below(len(_RIVALS))
    rivals = [rival for rival in (*_RIVALS[start:], *_RIVALS[:start]) if rival != token][: max(top - 1, 0)]
    others = [_entry(rival, (1 - chance) * 0.5**rank, raw_bytes) for rank, rival in enumerate(rivals, start=1)]
    return entry | {"top_logprobs": [dict(entry), *others] if top > 0 else []}


def _entry(token: str, chance: float, raw_bytes: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"token": token, "logprob": round(math.log(max(chance, 1e-12)), 6)}
    return entry | ({"bytes": list(token.encode())} if raw_bytes else {})
