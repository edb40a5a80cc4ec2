"""Serialization of entries and overlays for shared stores."""

from typing import Any, assert_never

import orjson
from msgspec import to_builtins
from msgspec.structs import asdict

from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, RawHead, Step
from gemulator.state.journal.entry import Exchange, Finished, Received
from gemulator.state.journal.redaction import Body
from gemulator.state.store import PushedScenario, SessionSettings

# Latin-1 maps every byte to a character, so arbitrary bytes of a client survive as JSON text.
_ENCODING = "latin-1"


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
    }
    # A path or model may contain a lone surrogate, which has no UTF-8 encoding.
    return orjson.dumps(_replace_surrogates(tree))


def decode(data: bytes) -> Received:
    """Decode an arrival."""
    tree = orjson.loads(data)
    body, size, sha256 = tree["body"]
    exchange = Exchange(
        method=tree["method"],
        path=tree["path"],
        model=tree["model"],
        body=Body(body.encode(_ENCODING), size, sha256),
        status=tree["status"],
        source=tree["source"],
        stream=tree["stream"],
        scenario=tree["scenario"],
        turn=tree["turn"],
        usage=Usage(**tree["usage"]) if tree["usage"] else None,
        nearest=tuple(_read_near_miss(near) for near in tree["nearest"]),
    )
    headers = {name.encode(_ENCODING): value.encode(_ENCODING) for name, value in tree["headers"]}
    delivery = Delivery(tuple(_decode_step(*step) for step in tree["steps"]))
    return Received(tree["at"], tree["session"], tree["attempt"], exchange, headers, delivery, tree["size"])


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


def _read_near_miss(tree: dict[str, Any]) -> NearMiss:
    return NearMiss(tree["where"], tuple(Mismatch(**mismatch) for mismatch in tree["mismatches"]))


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


def _decode_step(kind: str, wait: float, *rest: Any) -> Step:
    match kind:
        case "head":
            status, headers, bare = rest
            pairs = tuple((name.encode(_ENCODING), value.encode(_ENCODING)) for name, value in headers)
            return Head(status, pairs, wait, RawHead(*bare) if bare else None)
        case "chunk":
            data, tokens, events = rest
            return Chunk(data.encode(_ENCODING), tokens, wait, events)
        case "cut":
            return CloseConnection(rest[0], wait)
        case _:
            return Hang(rest[0], wait)


def encode_end(finished: Finished) -> bytes:
    """Encode the end of a delivery, without `began`: the monotonic clock of another machine differs."""
    return orjson.dumps(asdict(finished) | {"began": None})


def decode_end(data: bytes) -> Finished:
    """Decode the end of a delivery."""
    return Finished(**orjson.loads(data))


def encode_overlay(settings: SessionSettings, published: tuple[PushedScenario, ...]) -> bytes:
    """Encode a session's overlay without its generation."""
    return orjson.dumps(to_builtins({"choices": settings, "published": published}))


def decode_overlay(data: bytes) -> tuple[SessionSettings, tuple[PushedScenario, ...]]:
    """Decode a session's settings and pushed scenarios."""
    tree = orjson.loads(data)
    return SessionSettings(**tree["choices"]), tuple(PushedScenario(**one) for one in tree["published"])
