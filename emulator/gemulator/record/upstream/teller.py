"""Pieces of an answer on the wire of the request, as they come."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gemulator.core.plan import Choice, Media, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects import DIALECTS
from gemulator.engine.forwarding import ForwardRequest
from gemulator.engine.ids import call_count
from gemulator.engine.rendering import signs_calls
from gemulator.record.upstream.openai_answer import ChoiceSoFar
from gemulator.record.upstream.think_tags import Kind

_NO_CHOICE = Choice(())
_NO_USAGE = Usage(0, 0)
_MARK = "gemulator-mark"


class Teller:
    """Writer of an answer in the dialect of the request's model.

    One piece is held back: the dialect ends the last one in its own way. The events of a piece are those that the
    dialect writes for it between two others, so that its writers need not know of streams that come.
    """

    def __init__(self, request: ForwardRequest) -> None:
        self._request = request
        self._dialect = DIALECTS[request.model.dialect](request.model.profile)
        chat = request.conversation.request
        if chat.logprobs:  # those of the upstream are of other tokens
            chat = replace(chat, logprobs=None)
            chat.__dict__.update(request.conversation.request.__dict__)
        self._chat = chat
        self._style = replace(request.options.style, stream_usage="last")
        root = request.options.root
        self._attempt = root.child("attempt", request.attempt)
        self._created = int(request.options.now)
        self._id = self._dialect.response_id(self._attempt.child("id"), self._created)
        self._held: tuple[Kind, str] | None = None
        self._is_continued = False  # the held piece is not the first of its kind in a row
        self._has_begun = False
        events = self._stream([Text(_MARK, fragments=(_MARK,))])
        self._opening = next(at for at, event in enumerate(events) if _MARK.encode() in event.data)
        thinking: list[Part] = [Thought(_MARK, (_MARK,)), Text("-", fragments=("-",))]
        self._shows_thoughts = any(_MARK.encode() in event.data for event in self._stream(thinking))

    @property
    def stream_head(self) -> Head:
        """Return the head of a stream."""
        return Head(200, self._dialect.stream_headers)

    def whole(self, choices: Sequence[Choice], usage: Usage) -> tuple[Head, Chunk]:
        """Return a whole answer."""
        return Head(200, self._dialect.headers), self._dialect.unary(
            self._plan(choices, usage), self._chat, self._style
        )

    def whole_stream(self, choices: Sequence[Choice], usage: Usage) -> Sequence[Chunk]:
        """Return the events of an answer with several choices, which no event was sent of."""
        return self._dialect.stream(self._plan(choices, usage), self._chat, self._style)

    def add(self, kind: Kind, text: str) -> Iterator[Chunk]:
        """Yield the events that are due with one more piece: those of the piece before."""
        if not text or (kind == "thought" and not self._shows_thoughts):
            return
        if self._held is not None:
            yield from self._tell_held(kind)
            self._is_continued = kind == self._held[0]
        self._held = (kind, text)

    def end(self, choice: Choice, usage: Usage) -> Iterator[Chunk]:
        """Yield the last events; `choice` has what was not told yet."""
        parts: list[Part] = []
        if self._held is not None:
            kind, text = self._held
            parts = [_part(kind, [*self._before, text], self.signature)]
        events = self._stream([*parts, *choice.parts], replace(choice, parts=()), usage)
        yield from events[self._skipped if self._has_begun else 0 :]

    @property
    def signature(self) -> str | None:
        """Return the signature of a text, None if the model signs none."""
        options = self._request.options
        return options.sign("", options.root.child("signature")) if self._request.model.signs else None

    def calls_of(self, choice: ChoiceSoFar, first: int = 0) -> list[Part]:
        """Return the calls of a choice, with ids and signatures as the model makes them."""
        request, parts = self._request, list[Part]()
        signs = request.model.signs or signs_calls(request.model, request.conversation.request)
        number = call_count(request.conversation) + first
        for position, call in enumerate(choice.calls.values()):
            call_id = self._dialect.call_id(self._attempt.child("call", number), call.name, number)
            seed = request.options.root.child("call", number).child("signature")
            # Only the first of parallel calls is signed (fidelity.md, Thought signatures).
            signature = request.options.sign(call.name, seed) if signs and not position else None
            parts.append(ToolCall(call_id, call.name, call.arguments or "{}", signature))
            number += 1
        return [*parts, *map(self._sign_media, choice.media)]

    def _sign_media(self, media: Media) -> Media:
        return replace(media, signature=self.signature)

    @property
    def _before(self) -> list[str]:
        return ["-"] if self._is_continued else []

    @property
    def _skipped(self) -> int:
        """Return the number of events before those of the held piece."""
        return self._opening + len(self._before) if self._held is not None else self._opening

    def _tell_held(self, following: Kind) -> Iterator[Chunk]:
        assert self._held is not None
        kind, text = self._held
        if kind == "thought" and following == "text":
            parts = [_part(kind, [*self._before, text]), _part("text", ["-"])]
        else:  # a thought after the text begins in its own way, and the text before it ends in none
            parts = [_part(kind, [*self._before, text, "-"])]
        events = self._stream(parts)
        begin = self._skipped if self._has_begun else 0
        yield from events[begin : self._skipped + 1]
        self._has_begun = True

    def _stream(self, parts: Sequence[Part], choice: Choice = _NO_CHOICE, usage: Usage = _NO_USAGE) -> Sequence[Chunk]:
        plan = self._plan([replace(choice, parts=tuple(parts))], usage)
        return self._dialect.stream(plan, self._chat, self._style)

    def _plan(self, choices: Sequence[Choice], usage: Usage) -> Plan:
        return Plan(self._id, self._created, self._request.conversation.request.model, tuple(choices), usage)


def _part(kind: Kind, fragments: Sequence[str], signature: str | None = None) -> Part:
    text, pieces = "".join(fragments), tuple(fragments)
    return Thought(text, pieces) if kind == "thought" else Text(text, signature, pieces)
