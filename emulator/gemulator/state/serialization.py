"""Entries, overlays and their parts as bytes, for stores outside this process."""

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

# Bytes of the wire become text letter by letter: latin-1 has one for each, whatever a client sends.
_BYTES = "latin-1"


def encode(received: Received) -> bytes:
    """One arrival; `decoded` gives an equal one back."""
    exchange = received.exchange
    body = exchange.body
    tree = {
        "at": received.at,
        "session": received.session,
        "attempt": received.attempt,
        "size": received.size,
        "headers": [[name.decode(_BYTES), value.decode(_BYTES)] for name, value in received.headers.items()],
        "steps": [_step(step) for step in received.delivery.steps],
        "method": exchange.method,
        "path": exchange.path,
        "model": exchange.model,
        "body": [body.data.decode(_BYTES), body.size, body.sha256],
        "status": exchange.status,
        "source": exchange.source,
        "stream": exchange.stream,
        "scenario": exchange.scenario,
        "turn": exchange.turn,
        "usage": asdict(exchange.usage) if exchange.usage else None,
        "nearest": to_builtins(exchange.nearest),
    }
    # A path or model may have a lone surrogate, which is no UTF-8.
    return orjson.dumps(_storable(tree))


def decode(data: bytes) -> Received:
    """The arrival in `data`."""
    tree = orjson.loads(data)
    body, size, sha256 = tree["body"]
    exchange = Exchange(
        method=tree["method"],
        path=tree["path"],
        model=tree["model"],
        body=Body(body.encode(_BYTES), size, sha256),
        status=tree["status"],
        source=tree["source"],
        stream=tree["stream"],
        scenario=tree["scenario"],
        turn=tree["turn"],
        usage=Usage(**tree["usage"]) if tree["usage"] else None,
        nearest=tuple(_near(near) for near in tree["nearest"]),
    )
    headers = {name.encode(_BYTES): value.encode(_BYTES) for name, value in tree["headers"]}
    delivery = Delivery(tuple(_read_step(*step) for step in tree["steps"]))
    return Received(tree["at"], tree["session"], tree["attempt"], exchange, headers, delivery, tree["size"])


def _storable(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [_storable(item) for item in value]
        case dict():
            return {key: _storable(item) for key, item in value.items()}
        case _:
            return value


def _near(tree: dict[str, Any]) -> NearMiss:
    return NearMiss(tree["where"], tuple(Mismatch(**mismatch) for mismatch in tree["mismatches"]))


def _step(step: Step) -> list[Any]:
    match step:
        case Head():
            headers = [[name.decode(_BYTES), value.decode(_BYTES)] for name, value in step.headers]
            bare = [step.bare.version, step.bare.seconds] if step.bare else None
            return ["head", step.wait, step.status, headers, bare]
        case Chunk():
            return ["chunk", step.wait, step.data.decode(_BYTES), step.tokens, step.events]
        case CloseConnection():
            return ["cut", step.wait, step.reset]
        case Hang():
            return ["hang", step.wait, step.seconds]
        case _:
            assert_never(step)


def _read_step(kind: str, wait: float, *rest: Any) -> Step:
    match kind:
        case "head":
            status, headers, bare = rest
            named = tuple((name.encode(_BYTES), value.encode(_BYTES)) for name, value in headers)
            return Head(status, named, wait, RawHead(*bare) if bare else None)
        case "chunk":
            data, tokens, events = rest
            return Chunk(data.encode(_BYTES), tokens, wait, events)
        case "cut":
            return CloseConnection(rest[0], wait)
        case _:
            return Hang(rest[0], wait)


def encode_end(finished: Finished) -> bytes:
    """How a delivery ended."""
    return orjson.dumps(asdict(finished) | {"began": None})  # other machines count from elsewhere


def decode_end(data: bytes) -> Finished:
    """The end in `data`."""
    return Finished(**orjson.loads(data))


def encode_overlay(choices: SessionSettings, published: tuple[PushedScenario, ...]) -> bytes:
    """What a session lays over the server's own, without its generation."""
    return orjson.dumps(to_builtins({"choices": choices, "published": published}))


def decode_overlay(data: bytes) -> tuple[SessionSettings, tuple[PushedScenario, ...]]:
    """Choices and pushed scenarios in `data`."""
    tree = orjson.loads(data)
    return SessionSettings(**tree["choices"]), tuple(PushedScenario(**one) for one in tree["published"])
