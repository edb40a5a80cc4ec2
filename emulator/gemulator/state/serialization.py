"""Serialization of entries and overlays for shared stores.

What is decoded may come from another program: a wrong type or range is a ValueError here, not an error of who uses it.
"""

from typing import Annotated, Any, TypeAlias, assert_never

import msgspec
import orjson
from msgspec import Meta, Struct, to_builtins
from msgspec.structs import asdict

from gemulator.core.credentials import redact
from gemulator.core.errors import NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.live_steps import UpstreamEnd
from gemulator.delivery.sent_events import status_of
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, RawHead, Step
from gemulator.state.journal.body import Body
from gemulator.state.journal.entry import Exchange, Finished, Outcome, Received, Source
from gemulator.state.store import PushedScenario, SessionSettings

# Latin-1 maps every byte to a character, so arbitrary bytes of a client survive as JSON text.
_ENCODING = "latin-1"

_Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Time: TypeAlias = Annotated[float, Meta(ge=0, lt=253_402_300_800)]  # up to the year 9999, where dates end
_Pairs: TypeAlias = list[tuple[str, str]]


class _Head(Struct, array_like=True, tag="head"):
    wait: float
    status: _Count
    headers: _Pairs
    bare: tuple[str, float] | None


class _Chunk(Struct, array_like=True, tag="chunk"):
    wait: float
    data: str
    tokens: _Count
    events: _Count


class _Cut(Struct, array_like=True, tag="cut"):
    wait: float
    reset: bool


class _Hang(Struct, array_like=True, tag="hang"):
    wait: float
    seconds: float


class _Usage(Struct):
    prompt_tokens: _Count
    completion_tokens: _Count
    reasoning_tokens: _Count = 0
    cached_tokens: _Count = 0
    traffic_type: str = "ON_DEMAND"


class _Arrival(Struct):
    """Form of `encode`."""

    at: _Time
    session: str
    attempt: _Count
    size: _Count
    headers: _Pairs
    steps: list[_Head | _Chunk | _Cut | _Hang]
    method: str
    path: str
    model: str
    body: tuple[str, _Count, str]
    status: _Count
    source: Source
    stream: bool
    scenario: str
    turn: _Count
    usage: _Usage | None
    nearest: tuple[NearMiss, ...]
    tolerated: tuple[str, ...] = ()
    hint: str = ""
    refusal: str = ""
    faults: tuple[str, ...] | None = None  # as in entries by a release that does not record them
    quota: str = ""
    cut: bool | None = None  # as in entries by a release that cut all that it did not store as sent
    redacted: tuple[str, ...] = ()
    answer_cut: bool = False


class _Upstream(Struct):
    name: str
    first: float | None
    bytes: _Count
    error: str


class _Answer(Struct):
    steps: list[_Head | _Chunk | _Cut | _Hang]
    size: _Count
    cut: bool


class _End(Struct):
    """Form of `encode_end`."""

    outcome: Outcome
    chunks: _Count
    bytes: _Count
    first: float | None
    duration: float
    head: bool = True
    upstream: _Upstream | None = None
    answer: _Answer | None = None


class _Overlay(Struct):
    """Form of `encode_overlay`."""

    choices: SessionSettings
    published: tuple[PushedScenario, ...]


_ARRIVALS = msgspec.json.Decoder(_Arrival)
_ENDS = msgspec.json.Decoder(_End)
_OVERLAYS = msgspec.json.Decoder(_Overlay)


def encode(received: Received) -> bytes:
    """Encode an arrival; `decode` returns an equal one."""
    exchange = received.exchange
    body = exchange.body
    tree = {
        "at": received.at,
        "session": received.session,
        "attempt": received.attempt,
        "size": received.size,
        "headers": [[name.decode(_ENCODING), value.decode(_ENCODING)] for name, value in received.headers.items()],
        "steps": [_encode_step(step) for step in received.delivery.steps],
        "method": exchange.method,
        "path": exchange.path,
        "model": exchange.model,
        "body": [body.data.decode(_ENCODING), body.size, body.sha256],
        "status": exchange.status,
        "source": exchange.source,
        "stream": exchange.stream,
        "scenario": exchange.scenario,
        "turn": exchange.turn,
        "usage": asdict(exchange.usage) if exchange.usage else None,
        "nearest": to_builtins(exchange.nearest),
        "tolerated": list(exchange.tolerated),
        "hint": exchange.hint,
        "refusal": exchange.refusal,
        "faults": received.delivery.faults,
        "quota": exchange.quota,
        "cut": body.cut,
        "redacted": body.redacted,
        "answer_cut": received.delivery.cut,
    }
    # A path or model may contain a lone surrogate, which has no UTF-8 encoding.
    return redact(orjson.dumps(_replace_surrogates(tree)))


def decode(data: bytes) -> Received:
    """Decode an arrival. Raises ValueError if it is none."""
    tree = _ARRIVALS.decode(data)
    body, size, sha256 = tree.body
    steps = tuple(map(_decode_step, tree.steps))
    exchange = Exchange(
        method=tree.method,
        path=tree.path,
        model=tree.model,
        body=Body(body.encode(_ENCODING), size, sha256, bool(sha256) if tree.cut is None else tree.cut, tree.redacted),
        # Entries by a release that does not record faults have the status before them, but the head after them.
        status=status_of(steps) if tree.faults is None else tree.status,
        source=tree.source,
        stream=tree.stream,
        scenario=tree.scenario,
        turn=tree.turn,
        usage=Usage(**asdict(tree.usage)) if tree.usage else None,
        nearest=tree.nearest,
        tolerated=tree.tolerated,
        hint=tree.hint,
        refusal=tree.refusal,
        quota=tree.quota,
    )
    delivery = Delivery(steps, faults=tree.faults, cut=tree.answer_cut)
    return Received(tree.at, tree.session, tree.attempt, exchange, dict(_bytes(tree.headers)), delivery, tree.size)


def _bytes(pairs: _Pairs) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(_ENCODING), value.encode(_ENCODING)) for name, value in pairs)


def _replace_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [_replace_surrogates(item) for item in value]
        case dict():
            return {key: _replace_surrogates(item) for key, item in value.items()}
        case _:
            return value


def _encode_step(step: Step) -> list[Any]:
    match step:
        case Head():
            headers = [[name.decode(_ENCODING), value.decode(_ENCODING)] for name, value in step.headers]
            bare = [step.bare.version, step.bare.seconds] if step.bare else None
            return ["head", step.wait, step.status, headers, bare]
        case Chunk():
            return ["chunk", step.wait, step.data.decode(_ENCODING), step.tokens, step.events]
        case CloseConnection():
            return ["cut", step.wait, step.reset]
        case Hang():
            return ["hang", step.wait, step.seconds]
        case _:
            assert_never(step)


def _decode_step(step: _Head | _Chunk | _Cut | _Hang) -> Step:
    match step:
        case _Head():
            return Head(step.status, _bytes(step.headers), step.wait, RawHead(*step.bare) if step.bare else None)
        case _Chunk():
            return Chunk(step.data.encode(_ENCODING), step.tokens, step.wait, step.events)
        case _Cut():
            return CloseConnection(step.reset, step.wait)
        case _Hang():
            return Hang(step.seconds, step.wait)
        case _:
            assert_never(step)


def encode_end(finished: Finished) -> bytes:
    """Encode the end of a delivery, without `began`: the monotonic clock of another machine differs."""
    tree = asdict(finished) | {"began": None}
    if finished.upstream is not None:
        tree["upstream"] = asdict(finished.upstream)
    if (answer := finished.answer) is not None:
        steps = [_encode_step(step) for step in answer.steps]
        tree["answer"] = {"steps": steps, "size": answer.size or 0, "cut": answer.cut}
    return orjson.dumps(tree)


def decode_end(data: bytes) -> Finished:
    """Decode the end of a delivery. Raises ValueError if it is none."""
    end = _ENDS.decode(data)
    given = asdict(end)
    if end.upstream is not None:
        given["upstream"] = UpstreamEnd(**asdict(end.upstream))
    if (answer := end.answer) is not None:
        given["answer"] = Delivery(tuple(map(_decode_step, answer.steps)), answer.size, cut=answer.cut)
    return Finished(**given)


def encode_overlay(settings: SessionSettings, published: tuple[PushedScenario, ...]) -> bytes:
    """Encode a session's overlay without its generation."""
    return orjson.dumps(to_builtins({"choices": settings, "published": published}))


def decode_overlay(data: bytes) -> tuple[SessionSettings, tuple[PushedScenario, ...]]:
    """Decode a session's settings and pushed scenarios. Raises ValueError if it is no overlay."""
    overlay = _OVERLAYS.decode(data)
    return overlay.choices, overlay.published
