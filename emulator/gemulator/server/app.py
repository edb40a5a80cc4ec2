"""Application factory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from gemulator.core.clock import UTC, Clock, parse_clock
from gemulator.core.entrance import Entrance
from gemulator.core.recording_settings import for_recording
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings
from gemulator.engine.catalog_file import read_catalog
from gemulator.engine.engine import Engine
from gemulator.scenario.delivery_fields import parse_quota
from gemulator.scenario.library import Library, load
from gemulator.server.auth.identity import Authenticator
from gemulator.server.chat import Chat
from gemulator.server.cors import Cors
from gemulator.server.delivery_clock import Sleep, Timing
from gemulator.server.forwarder import forwarder_of
from gemulator.server.internal_error import internal_error
from gemulator.server.lazy_app import LazyApp
from gemulator.server.log import RequestLog
from gemulator.server.metrics import Metrics
from gemulator.server.not_found import NotFound
from gemulator.server.open_files import report_shortage
from gemulator.server.protocol.fast_path import ANSWER_NOW
from gemulator.server.routes import Application, routes_of
from gemulator.service.catalog import Catalog
from gemulator.state.memory import MemoryStore
from gemulator.state.store import Store, StoreLimits

_DRAIN_SECONDS = 2.0


def create_app(
    settings: Settings | None = None,
    store: Store | None = None,
    clock: Clock | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    library: Library | None = None,
    utc: Clock = UTC,
    entrance: Entrance = "app",
) -> Starlette:
    """Return the emulator as an ASGI application. Raises ScenarioError and SettingError.

    `clock` dates answers and journal, `utc` tokens and outages: those expire even if `clock` is frozen. `entrance` is
    how the server was started, for advice on its options.
    """
    settings = for_recording(settings or Settings())
    _validate_quota(settings.quota)
    frozen = parse_clock(settings.clock)
    now = clock or (UTC if frozen is None else lambda: frozen)
    library = load(settings.scenarios) if library is None else library
    store = store or _store(settings, monotonic)
    engine = Engine(settings, library, store, load_catalog(settings), now)
    engine.entrance, engine.utc = entrance, utc
    metrics = Metrics()
    authenticator = _authenticator(settings, utc)
    log = RequestLog(settings.log_format, now, redactor=engine.redactor)
    engine.forwarding.client = forwarder_of(settings, engine, log.info)
    not_found = NotFound(log, emulator_headers=settings.emulator_headers)
    chat = Chat(engine, settings, authenticator, log, metrics, Timing(monotonic, sleep))
    app = Application(
        ServerErrorMiddleware(Cors(chat, settings.cors), internal_error),
        LazyApp(lambda: _admin_api(engine, settings, metrics, utc)),
        routes=routes_of(LazyApp(lambda: _token_service(settings, utc, not_found))),
        middleware=[Middleware(Cors, settings.cors)],
        exception_handlers={404: not_found, 405: not_found, 500: internal_error},
        lifespan=lambda _: _lifespan(engine, settings, log, metrics, _lifespan_state(chat, store)),
    )
    app.state.engine, app.state.authenticator = engine, authenticator
    return app


def _lifespan_state(chat: Chat, store: Store) -> Mapping[str, Any]:
    return {ANSWER_NOW: chat.answer_now} if store.immediate else {}


def _validate_quota(quota: str) -> None:
    """Validate the quota at start-up instead of per request. Raises SettingError."""
    try:
        parse_quota(quota)
    except ValueError as error:
        raise SettingError("quota", f"{error}; write it like `requests_per_minute: 60`") from None


def _admin_api(engine: Engine, settings: Settings, metrics: Metrics, utc: Clock) -> ASGIApp:
    from gemulator.server.admin.app import admin_app

    return admin_app(engine, settings, metrics, utc)


def _token_service(settings: Settings, utc: Clock, not_found: NotFound) -> ASGIApp:
    from gemulator.server.auth.metadata import MetadataServer
    from gemulator.server.auth.oauth import OAuthError, TokenService, oauth_error

    service = TokenService(settings, utc)
    handlers: dict[Any, Any] = {404: not_found, 405: not_found, OAuthError: oauth_error}
    return Starlette(routes=[*service.routes, *MetadataServer(settings, service).routes], exception_handlers=handlers)


def _authenticator(settings: Settings, utc: Clock) -> Authenticator:
    if settings.policy is None:
        return Authenticator(settings, None, utc)
    from gemulator.server.auth.policy import read_policy

    return Authenticator(settings, read_policy(settings.policy), utc)


def load_catalog(settings: Settings) -> Catalog:
    shipped = Path(__file__).parents[1] / "service" / "catalog.yaml"
    catalog = read_catalog(settings.catalog, shipped) if settings.catalog else read_catalog(shipped)
    return catalog if settings.endpoints == "any" else catalog.without_fallbacks()


def _store(settings: Settings, monotonic: Callable[[], float]) -> Store:
    bounds = StoreLimits(settings.max_sessions, settings.session_age, settings.journal_entries, settings.journal_bytes)
    if settings.store == "memory":
        return MemoryStore(bounds, monotonic)
    from gemulator.state.redis_fallback import RedisStoreWithFallback

    return RedisStoreWithFallback(settings.store, bounds, monotonic)


@asynccontextmanager
async def _lifespan(
    engine: Engine, settings: Settings, log: RequestLog, metrics: Metrics, state: Mapping[str, Any]
) -> AsyncIterator[Mapping[str, Any]]:
    """Run the reloader while the app serves; at the end flush the log and close the store."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.store.close)
        if engine.forwarding.client is not None:
            stack.push_async_callback(engine.forwarding.client.close)
        stack.callback(log.close)
        stack.push_async_callback(_drain, metrics)
        await stack.enter_async_context(report_shortage(log.info))
        if settings.reload:
            from gemulator.server.reload import Reloader

            await stack.enter_async_context(Reloader(engine, settings.scenarios, log.info).running())
        with suppress(asyncio.CancelledError):  # a second Ctrl-C
            yield state


async def _drain(metrics: Metrics) -> None:
    """Wait for answers in progress to record how they ended."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while metrics.running:
                await asyncio.sleep(0.01)
