"""The chat route: reads a request, has it answered, plays the answer."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from gemulator.core.plan import Failure
from gemulator.core.settings import Settings
from gemulator.delivery.steps import LARGEST_WRITE, Delivery, Head
from gemulator.dialects import FRONT_END
from gemulator.engine.engine import Engine, EngineResult
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Target, target_of
from gemulator.server.auth.identity import Authenticator, header_error, with_dedicated_host
from gemulator.server.log import RequestLog
from gemulator.server.metrics import Metrics
from gemulator.server.player import Player, Sleep
from gemulator.server.protocol.connection import HANDLED, STARTED, HttpConnection, connection_of, wait_for_disconnect
from gemulator.state.journal.entry import EMPTY, Exchange, Finished
from gemulator.state.store import DEFAULT, StoreDown, unwaited

_SPECIAL = re.compile("[%?#]")  # percent-encoding, query or fragment


@lru_cache(maxsize=1024)
def _path_and_target(url: bytes) -> tuple[str, Target | None]:
    """Return the path of a URL and its target, None unless it is a plain chat path."""
    path = url.decode("latin-1")
    return path, target_of(path) if path.isascii() and not _SPECIAL.search(path) else None


class StartedAnswer(Struct, frozen=True):
    """An answer that was made at `began`, and has to be played: or why it could not be made."""

    began: float
    answered: EngineResult | Exception

    def result(self) -> EngineResult:
        """The answer. Raises what making it raised."""
        if isinstance(self.answered, Exception):
            raise self.answered
        return self.answered


class Chat:
    """An ASGI application for one request of a known target."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        authenticator: Authenticator,
        log: RequestLog,
        metrics: Metrics,
        monotonic: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._monotonic = monotonic
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = target_of(scope["path"])
        assert target is not None
        headers = dict(scope["headers"])
        begun: StartedAnswer | None = scope.get(STARTED)
        if begun is None:
            self._metrics.running += 1
        try:
            if begun is None:
                began = self._monotonic()
                answered = await self._answer(scope["path"], headers, target, receive)
            else:
                began, answered = begun.began, begun.result()
            await self._ended(answered, await self._played(answered, connection_of(scope), receive, send, began))
        except asyncio.CancelledError:  # the server stops, and its patience is over
            wire = connection_of(scope)
            if wire is None:
                raise
            wire.abort()
            await wait_for_disconnect(receive)
        finally:
            self._metrics.running -= 1

    def answer_now(self, wire: HttpConnection, url: bytes, headers: Mapping[bytes, bytes], body: bytes) -> object:
        """Answer a POST in one write if nothing waits (`AnswerNow`); returns HANDLED, a StartedAnswer or None."""
        path, target = _path_and_target(url)
        if target is None:
            return None
        began = self._monotonic()
        self._metrics.running += 1
        left: EngineResult | Exception | None
        try:
            left = unwaited(self._sent(wire, path, target, headers, body, began))
        except Exception as error:
            left = error
        if left is None:
            self._metrics.running -= 1
            return HANDLED
        return StartedAnswer(began, left)

    async def _sent(
        self, wire: HttpConnection, path: str, target: Target, headers: Mapping[bytes, bytes], body: bytes, began: float
    ) -> EngineResult | None:
        """An answer that has to be played; None: it could be sent in one write, and was."""
        answered = await self._answer(path, headers, target, body)
        whole = answered.delivery.as_single_write
        if whole is None or not whole[0].chunked or not 0 < len(whole[1].data) <= LARGEST_WRITE:
            return answered
        head, chunk = whole
        chunks = chunk.events if answered.received.exchange.stream else 1
        took = self._monotonic() - began
        await self._ended(answered, Finished("completed", chunks, len(chunk.data), took, took, began))
        wire.write_whole(head, chunk.data)
        return None

    async def _played(
        self, answered: EngineResult, wire: HttpConnection | None, receive: Receive, send: Send, began: float
    ) -> Finished:
        received = answered.received
        player = Player(
            send,
            receive,
            self._monotonic,
            self._sleep,
            wire,
            browser=b"origin" in received.headers,
            stream=received.exchange.stream,
            began=began,
        )
        try:
            return await player.play(answered.delivery)
        except BaseException:
            await self._ended(answered, player.finished("failed"))
            raise

    async def _ended(self, answered: EngineResult, finished: Finished) -> None:
        received = answered.received
        if answered.leases:
            await self._engine.release(answered)
        if answered.number:
            await self._engine.store.finish(received.session, answered.number, finished)
        self._metrics.add(received.exchange, finished)
        self._log.write(received, finished)

    async def _answer(
        self, path: str, headers: Mapping[bytes, bytes], target: Target, source: bytes | Receive
    ) -> EngineResult:
        target = with_dedicated_host(target, headers)
        caller = self._authenticator.caller(headers, target)
        if isinstance(caller, Failure):
            return await self._refused(caller, path, target, headers)
        wrong = header_error(caller)
        if wrong is not None:
            failure = Failure(400, "INVALID_ARGUMENT", f"gemulator: {wrong}")
            return await self._refused(failure, path, target, headers, caller.session)
        limit = self._limit(target)
        body = source if isinstance(source, bytes) and len(source) <= limit else await _body(source, headers, limit)
        if isinstance(body, Failure):
            return await self._refused(body, path, target, headers, caller.session)
        try:
            return await self._engine.answer(
                IncomingRequest(body, path, target, headers, caller, self._metrics.running - 1)
            )
        except StoreDown as error:
            mark = (b"x-emulator-error", b"store")
            return await self._refused(_store_down(error), path, target, headers, caller.session, mark)

    def _limit(self, target: Target) -> int:
        if target.shared:
            return self._settings.openapi_limit
        return self._settings.dedicated_limit if target.host else self._settings.shared_limit

    async def _refused(
        self,
        failure: Failure,
        path: str,
        target: Target,
        headers: Mapping[bytes, bytes],
        session: str = DEFAULT,
        *marks: tuple[bytes, bytes],
    ) -> EngineResult:
        """A refusal by Google's front end, or by the emulator, before any model is asked."""
        head, chunk = FRONT_END.failure(failure, target)
        if failure.hint and self._settings.emulator_headers:
            marks = (*marks, (b"x-emulator-hint", failure.hint.encode()))
        delivery = Delivery((Head(head.status, (*head.headers, *marks)), chunk))
        exchange = Exchange("POST", path, "", EMPTY, failure.status, "refused")
        return await self._engine.record(exchange, delivery, headers, session)


def _store_down(error: StoreDown) -> Failure:
    return Failure(503, "UNAVAILABLE", f"gemulator: this request needs the state store: {error}")


async def _body(source: bytes | Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes | Failure:
    if isinstance(source, bytes):
        return _too_large(limit)
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        return _too_large(limit)
    message = await source()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= limit else _too_large(limit)
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await source()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            return _too_large(limit)
    return b"".join(pieces)


def _too_large(limit: int) -> Failure:
    return Failure(413, "INVALID_ARGUMENT", f"Request payload size exceeds the limit: {limit} bytes.")
