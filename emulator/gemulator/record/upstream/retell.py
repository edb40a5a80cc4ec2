"""Answers of an OpenAI-compatible server, told on the wire of the request."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson

from gemulator.core.plan import Choice, Failure, Part, Text, Thought, Usage
from gemulator.delivery.steps import Chunk, CloseConnection, Head, Step
from gemulator.dialects import DIALECTS, refusal
from gemulator.engine.forwarding import ForwardRequest
from gemulator.engine.planning.plan import traffic_type
from gemulator.generate.token_count import count
from gemulator.record.upstream.errors import bad_gateway
from gemulator.record.upstream.http_client import BrokenOff, UpstreamClient
from gemulator.record.upstream.openai_answer import ChoiceSoFar
from gemulator.record.upstream.server_sent_events import data_of
from gemulator.record.upstream.stopwatch import Stopwatch
from gemulator.record.upstream.teller import Teller
from gemulator.record.upstream.think_tags import Kind
from gemulator.service.token_usage import prompt_tokens

if TYPE_CHECKING:
    import httpx

_MAX_ERROR = 1_000_000  # bytes of the body of an error
_MAX_MESSAGE = 2_000  # characters of its message
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Retelling:
    """One answer of an OpenAI-compatible server."""

    def __init__(self, client: UpstreamClient, name: str, request: ForwardRequest, watch: Stopwatch) -> None:
        self._client = client
        self._name = name
        self._request = request
        self._watch = watch
        self._choices: dict[int, ChoiceSoFar] = {}
        self._usage: Mapping[str, Any] = {}
        self._tokens = {"text": 0, "thought": 0}

    async def steps(self, response: "httpx.Response") -> AsyncGenerator[Step, None]:
        """Yield the answer as it comes. Raises UpstreamError before the head."""
        if response.headers.get("content-encoding", "identity") != "identity":
            cause = f"its answer is compressed ({response.headers['content-encoding']}), which was not asked for"
            raise bad_gateway(self._name, cause, "turn compression off there")
        told = self._told(response)
        async with aclosing(told):
            async for step in told:
                yield step

    def _told(self, response: "httpx.Response") -> AsyncGenerator[Step, None]:
        if response.status_code != 200:
            return self._error(response)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        if bool(self._request.conversation.request.stream) != is_stream:
            kind = response.headers.get("content-type", "none")
            cause = f"a {'stream' if not is_stream else 'whole answer'} was asked for, and its content type is {kind}"
            raise bad_gateway(self._name, cause, "name a server for chat completions, its URL with /v1")
        return self._stream(response) if is_stream else self._whole(response)

    # ---- whole answers

    async def _whole(self, response: "httpx.Response") -> AsyncGenerator[Step, None]:
        try:
            body = await self._read(response)
            tree = orjson.loads(body)
            choices = tree["choices"]
            pieces = [self._pieces_of(position, choice) for position, choice in enumerate(choices)]
            self._usage = tree.get("usage") or {}
        except BrokenOff as broken:
            raise bad_gateway(self._name, str(broken)) from None
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise bad_gateway(self._name, "its answer is no chat completion", "name the URL with its /v1") from None
        teller = Teller(self._request)
        head, chunk = teller.whole(self._planned(teller, pieces), self._counted)
        yield self._request.head(Head(head.status, head.headers, self._watch.wait()))
        yield Chunk(chunk.data)

    def _pieces_of(self, position: int, choice: Mapping[str, Any]) -> list[tuple[Kind, str]]:
        so_far = self._choices.setdefault(position, ChoiceSoFar())
        pieces = [*so_far.add(choice), *so_far.end()]
        for kind, text in pieces:
            self._tokens[kind] += count(text)
        return pieces

    def _planned(self, teller: Teller, pieces: Sequence[Sequence[tuple[Kind, str]]]) -> list[Choice]:
        """Return the choices with all parts; neighbouring pieces of a kind are one part."""
        choices, first = [], 0
        for so_far, own in zip(self._choices.values(), pieces, strict=True):
            calls = teller.calls_of(so_far, first)
            first += len(so_far.calls)
            choices.append(Choice((*_joined(own, teller.signature), *calls), self._finish(so_far)))
        return choices

    # ---- streams

    async def _stream(self, response: "httpx.Response") -> AsyncGenerator[Step, None]:
        teller = Teller(self._request)
        head = teller.stream_head
        yield self._request.head(Head(head.status, head.headers, self._watch.wait()))
        try:
            async with aclosing(self._chunks(response, teller)) as chunks:
                async for chunk in chunks:
                    yield Chunk(chunk.data, chunk.tokens, self._watch.wait())
        except BrokenOff as broken:
            self._watch.live.error = str(broken)
            yield CloseConnection(wait=self._watch.wait())

    async def _chunks(self, response: "httpx.Response", teller: Teller) -> AsyncGenerator[Chunk, None]:
        several = (self._request.conversation.request.n or 1) > 1
        pieces: dict[int, list[tuple[Kind, str]]] = {}
        async with aclosing(self._events(response)) as events:
            async for event in events:
                if "error" in event and not event.get("choices"):
                    yield Chunk(self._stream_error(event["error"]))
                    return
                for index, kind, text in self._new_pieces(event):
                    if several:
                        pieces.setdefault(index, []).append((kind, text))
                    else:
                        for chunk in teller.add(kind, text):
                            yield chunk
        for chunk in self._last(teller, pieces, several=several):
            yield chunk

    def _last(self, teller: Teller, pieces: dict[int, list[tuple[Kind, str]]], *, several: bool) -> Sequence[Chunk]:
        """Return the events after the last of the upstream. Raises BrokenOff if that was not its end."""
        if not self._choices or not all(choice.finish for choice in self._choices.values()):
            raise BrokenOff("the stream ended without a finish reason")
        for index, choice in self._choices.items():
            for kind, text in choice.end():
                self._tokens[kind] += count(text)
                pieces.setdefault(index, []).append((kind, text))
        if several:
            own = [pieces.get(index, []) for index in self._choices]
            return list(teller.whole_stream(self._planned(teller, own), self._counted))
        chunks = [chunk for kind, text in pieces.get(0, ()) for chunk in teller.add(kind, text)]
        (choice,) = list(self._choices.values())[:1]
        rest = Choice(tuple(teller.calls_of(choice)), self._finish(choice))
        return [*chunks, *teller.end(rest, self._counted)]

    async def _events(self, response: "httpx.Response") -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the JSON of each event up to `[DONE]`. Raises BrokenOff if it is no JSON object."""
        async with aclosing(data_of(self._counting(response))) as texts:
            async for text in texts:
                if text == b"[DONE]":
                    return
                try:
                    event = orjson.loads(text)
                except orjson.JSONDecodeError:
                    raise BrokenOff("an event of the upstream is no JSON") from None
                if isinstance(event, dict):
                    yield event

    async def _counting(self, response: "httpx.Response") -> AsyncGenerator[bytes, None]:
        async with aclosing(self._client.body(response)) as parts:
            async for data in parts:
                self._watch.count(data)
                yield data

    def _new_pieces(self, event: Mapping[str, Any]) -> list[tuple[int, Kind, str]]:
        usage, choices = event.get("usage"), event.get("choices")
        self._usage = usage if isinstance(usage, dict) else self._usage
        found: list[tuple[int, Kind, str]] = []
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, dict):
                continue
            index = choice.get("index") if isinstance(choice.get("index"), int) else 0
            so_far = self._choices.setdefault(int(index or 0), ChoiceSoFar())
            for kind, text in so_far.add(choice):
                self._tokens[kind] += count(text)
                found.append((int(index or 0), kind, text))
        return found

    # ---- ends

    def _finish(self, choice: ChoiceSoFar) -> str:
        finish = choice.finish or "stop"
        gemini = self._request.model.dialect == "gemini"
        return "content_filter: SAFETY" if finish == "content_filter" and gemini else finish

    @property
    def _counted(self) -> Usage:
        """Return the upstream's token counts; gemulator's own where it has none."""
        usage, tokens, request = self._usage, self._tokens, self._request
        thought = _number(_nested(usage, "completion_tokens_details").get("reasoning_tokens"))
        completion = _number(usage.get("completion_tokens"))
        prompt = _number(usage.get("prompt_tokens"))
        if completion is None:
            calls = (call.arguments for choice in self._choices.values() for call in choice.calls.values())
            completion = tokens["text"] + sum(map(count, calls)) + (thought or tokens["thought"])
        thought = tokens["thought"] if thought is None else thought
        return Usage(
            prompt_tokens(request.conversation, request.model) if prompt is None else prompt,
            max(0, completion - thought),
            min(thought, completion),
            _number(_nested(usage, "prompt_tokens_details").get("cached_tokens")) or 0,
            traffic_type(request.conversation.headers),
        )

    def _stream_error(self, error: Any) -> bytes:
        status = error.get("code") if isinstance(error, dict) else None
        status = status if isinstance(status, int) and 400 <= status < 600 else 503
        message = _message_of({"error": error}) or "The upstream failed."
        self._watch.live.error = message
        dialect = DIALECTS[self._request.model.dialect](self._request.model.profile)
        return dialect.stream_error(Failure(status, _CODES.get(status, "UNKNOWN"), message))

    async def _error(self, response: "httpx.Response") -> AsyncGenerator[Step, None]:
        """Yield the upstream's refusal, as the server of the request would send it."""
        try:
            text = await self._read(response, _MAX_ERROR)
        except BrokenOff:
            text = b""
        status = response.status_code if response.status_code >= 400 else 502
        message = _error_text(text) or f"The upstream answered {response.status_code}."
        failure = Failure(
            status, _CODES.get(status, "UNKNOWN"), message, retry_after=_seconds(response.headers.get("retry-after"))
        )
        dialect = DIALECTS[self._request.model.dialect](self._request.model.profile)
        head, chunk = refusal(dialect, failure, self._request.conversation.target)
        yield self._request.head(Head(head.status, head.headers, self._watch.wait()))
        yield Chunk(chunk.data)

    async def _read(self, response: "httpx.Response", limit: int | None = None) -> bytes:
        parts, size = [], 0
        async with aclosing(self._counting(response)) as bodies:
            async for data in bodies:
                parts.append(data)
                size += len(data)
                if limit is not None and size > limit:
                    break
        return b"".join(parts)


def _joined(pieces: Sequence[tuple[Kind, str]], signature: str | None) -> list[Part]:
    parts: list[Part] = []
    for kind, text in pieces:
        last = parts[-1] if parts else None
        if kind == "text":
            before = last.text if isinstance(last, Text) else ""
            part: Part = Text(before + text, signature)
        else:
            before = last.text if isinstance(last, Thought) else ""
            part = Thought(before + text)
        if before:
            parts[-1] = part
        else:
            parts.append(part)
    return parts


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _nested(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = usage.get(name)
    return value if isinstance(value, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _error_text(body: bytes) -> str:
    try:
        return _message_of(orjson.loads(body))
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")[:_MAX_MESSAGE]


def _message_of(tree: Any) -> str:
    """Return the message of an error of any OpenAI-compatible server."""
    tree = tree[0] if isinstance(tree, list) and tree else tree
    for _ in range(4):
        if not isinstance(tree, dict):
            break
        tree = tree.get("error") or tree.get("message") or tree.get("detail")
    return tree[:_MAX_MESSAGE] if isinstance(tree, str) else ""
