"""Chat application: reads a request, has it answered and sends the answer."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial

from msgspec import Struct
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from gemulator.core.credentials import find_credentials
from gemulator.core.headers import Headers
from gemulator.core.plan import own_failure
from gemulator.core.settings import Settings
from gemulator.delivery.steps import LARGEST_WRITE, Delivery
from gemulator.dialects import FRONT_END, refusal
from gemulator.engine.engine import Engine
from gemulator.engine.response_headers import add_emulator_headers
from gemulator.engine.result import EngineResult
from gemulator.engine.session_library import NoTaskError
from gemulator.request.target import target_of
from gemulator.server.auth.identity import Authenticator
from gemulator.server.chat_request import Refusal, RequestReader
from gemulator.server.delivery_clock import DeliveryClock, Timing
from gemulator.server.delivery_response import DeliveryResponse
from gemulator.server.immediate import Suspended, start
from gemulator.server.log import RequestLog
from gemulator.server.metrics import Metrics
from gemulator.server.protocol.connection import HANDLED, STARTED, HttpConnection, connection_of, wait_for_disconnect
from gemulator.state.journal.entry import UNREAD_BODY, Exchange, Finished, with_answer
from gemulator.state.journal.redaction import LEAK_HEADER
from gemulator.state.store import StoreError, run_immediate

_MAX_URL = 500  # bytes; of shorter ones, many are cached
_SPECIAL = re.compile("[%?#]")  # percent-encoding, query or fragment


class StartedAnswer(Struct, frozen=True):
    """An answer begun by the fast path at `began`: the answer, a wait for the worker thread, or an error."""

    began: float
    outcome: "EngineResult | Exception | Suspended[EngineResult]"

    async def result(self) -> EngineResult:
        """Return the answer. Raises the error."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return await self.outcome if isinstance(self.outcome, Suspended) else self.outcome


class Chat:
    """ASGI application for POST requests to chat paths."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        authenticator: Authenticator,
        log: RequestLog,
        metrics: Metrics,
        timing: Timing,
    ) -> None:
        self._engine = engine
        self._reader = RequestReader(settings, authenticator, metrics)
        self._emulator_headers = settings.emulator_headers
        self._log = log
        self._metrics = metrics
        self._timing = timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started: StartedAnswer | None = scope.get(STARTED)
        if started is None:
            self._metrics.running += 1
        try:
            if started is None:
                began = self._timing.monotonic()
                query = scope.get("query_string", b"")
                result = await self._answer(scope["path"], Headers(dict(scope["headers"])), receive, query)
            else:
                began, result = started.began, await started.result()
            stream = result.received.exchange.stream
            # An immediate store records the end in the same turn of the event loop, so that no reader comes between.
            record = partial(self._record_end, result) if result.number and not self._engine.store.immediate else None
            clock = DeliveryClock(self._timing, began)
            response = DeliveryResponse(result.delivery, clock, stream=stream, record=record)
            try:
                await response(scope, receive, send)
            finally:
                finished = response.finished
                await self._finish(result, finished, is_recorded=response.recorded == finished.outcome)
        except asyncio.CancelledError:  # the server stops and its grace period is over
            connection = connection_of(scope)
            if connection is None:
                raise
            connection.abort()
            await wait_for_disconnect(receive)
        finally:
            self._metrics.running -= 1

    def answer_now(self, connection: HttpConnection, url: bytes, headers: Mapping[bytes, bytes], body: bytes) -> object:
        """Answer a POST in one write if nothing waits (`AnswerNow`). Returns HANDLED, a StartedAnswer or None."""
        if len(url) > _MAX_URL:
            return None
        path = _chat_path(url)
        if path is None:
            return None
        began = self._timing.monotonic()
        self._metrics.running += 1
        left: EngineResult | Exception | Suspended[EngineResult]
        try:
            left = start(self._answer(path, Headers(headers), body))
            if not isinstance(left, Suspended) and self._write_whole(connection, left, began):
                self._metrics.running -= 1
                return HANDLED
        except NoTaskError:  # nothing is counted or journaled yet: answer in a task
            self._metrics.running -= 1
            return None
        except Exception as error:
            left = error
        return StartedAnswer(began, left)

    def _write_whole(self, connection: HttpConnection, result: EngineResult, began: float) -> bool:
        """Write the answer and return True if it is a single write."""
        single = result.delivery.as_single_write
        if single is None or not single[0].chunked or not 0 < len(single[1].data) <= LARGEST_WRITE:
            return False
        head, chunk = single
        chunks = chunk.events if result.received.exchange.stream else 1
        duration = self._timing.monotonic() - began
        run_immediate(self._finish(result, Finished("completed", chunks, len(chunk.data), duration, duration, began)))
        connection.write_whole(head, chunk.data)
        return True

    async def _answer(self, path: str, headers: Headers, source: bytes | Receive, query: bytes = b"") -> EngineResult:
        """Answer a request. Its query may name the session, and leak a credential that the journal does not have."""
        request = await self._reader.read(path, headers, source, query.decode("latin-1"))
        leaks = find_credentials(query) if query else ()
        if leaks:
            headers = Headers({**headers.raw, LEAK_HEADER: leaks[0].encode()})
            request = request if isinstance(request, Refusal) else replace(request, headers=headers.raw)
        if isinstance(request, Refusal):
            return await self._refuse(request, path, headers)
        try:
            return await self._engine.answer(request)
        except StoreError as error:
            message = f"this request needs the state store: {error}. {error.remedy}"
            failure = own_failure(message, status=503, code="UNAVAILABLE")
            refused = Refusal(failure, request.target, request.caller.session)
            return await self._refuse(refused, path, headers, error="store")

    async def _refuse(self, refused: Refusal, path: str, headers: Headers, *, error: str = "") -> EngineResult:
        """Journal and return the answer to a refused request."""
        failure = refused.failure
        head, chunk = refusal(FRONT_END, failure, refused.target)
        if self._emulator_headers:
            head = add_emulator_headers(head, error=error, hint=failure.hint)
        path = self._engine.redactor.text(path)
        exchange = Exchange("POST", path, "", UNREAD_BODY, failure.status, "refused", hint=failure.hint)
        return await self._engine.record(exchange, Delivery((head, chunk)), headers.raw, refused.session)

    async def _record_end(self, result: EngineResult, finished: Finished) -> None:
        await self._engine.store.finish(result.received.session, result.number, finished)

    async def _finish(self, result: EngineResult, finished: Finished, *, is_recorded: bool = False) -> None:
        """Record how the delivery ended: in quotas, journal (unless it is recorded there already), metrics and log."""
        received = result.received
        if finished.answer is not None:
            received = with_answer(received, finished)
        if result.leases:
            with suppress(StoreError):  # the answer is sent, and a lease ends by itself after an hour
                await self._engine.release(result)
        if result.number and not is_recorded:
            await self._engine.store.finish(received.session, result.number, finished)
        self._metrics.add(received, finished)
        self._log.write(received, finished)


@lru_cache(maxsize=1024)
def _chat_path(url: bytes) -> str | None:
    """Return the path of a URL, None unless it is a plain chat path."""
    path = url.decode("latin-1")
    return path if path.isascii() and not _SPECIAL.search(path) and target_of(path) else None
