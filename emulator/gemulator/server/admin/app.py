"""Admin API under /__emulator/: its application and server routes."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gemulator.core.clock import Clock
from gemulator.core.settings import Settings
from gemulator.core.urls import redact_url
from gemulator.core.version import __version__
from gemulator.engine.engine import Engine
from gemulator.server.admin.chaos import DeliveryRoutes
from gemulator.server.admin.counters import CounterRoutes
from gemulator.server.admin.freeze import FreezeRoutes
from gemulator.server.admin.guard import AdminHTTPError, Guard
from gemulator.server.admin.journal import JournalRoutes
from gemulator.server.admin.sessions import SessionRoutes
from gemulator.server.internal_error import internal_error
from gemulator.server.metrics import Metrics
from gemulator.state.store import StoreError

_OPENAPI_FILE = Path(__file__).with_name("admin.yaml")


def admin_app(engine: Engine, settings: Settings, metrics: Metrics, utc: Clock) -> ASGIApp:
    """Return the ASGI application to mount at /__emulator. `utc` dates tokens."""
    routes = [
        *_ServerRoutes(engine, settings, metrics).routes(),
        *JournalRoutes(engine).routes(),
        *FreezeRoutes(engine).routes(),
        *CounterRoutes(engine).routes(),
        *SessionRoutes(engine, settings, utc).routes(),
        *DeliveryRoutes(engine).routes(),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            AdminHTTPError: _error_response,
            StoreError: _store_error,
            404: _unknown_route,
            405: _unknown_route,
            500: internal_error,
        },
    )
    key = settings.admin_key.get_secret_value() if settings.admin_key else None
    return Guard(app, settings.admin == "on", key, tuple(host.lower() for host in settings.allow_host))


class _ServerRoutes(Struct, frozen=True):
    """Routes about the server itself."""

    engine: Engine
    settings: Settings
    metrics: Metrics

    def routes(self) -> list[Route]:
        return [
            Route("/ready", self.ready),
            Route("/version", self.version),
            Route("/settings", self.show_settings),
            Route("/openapi.json", self.openapi),
            Route("/metrics", self.scrape),
        ]

    async def ready(self, request: Request) -> Response:
        problems = list(await self.engine.store.ready())
        losses = await self.engine.store.losses()
        view = {"ready": not problems, "problems": problems, "unjournaled": losses.unjournaled}
        return JSONResponse(view, 503 if problems else 200)

    async def version(self, request: Request) -> Response:
        return JSONResponse({"version": __version__})

    async def show_settings(self, request: Request) -> Response:
        return JSONResponse(redact(self.settings))

    async def openapi(self, request: Request) -> Response:
        return Response(_openapi(), media_type="application/json")

    async def scrape(self, request: Request) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST

        store = self.engine.store
        text = self.metrics.text(await store.losses(), await store.count_sessions())
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


def redact(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON without keys and passwords."""
    view = settings.model_dump(mode="json")
    for name, value in settings:
        if isinstance(value, SecretStr):
            view[name] = "(redacted)"
    view["store"] = redact_url(settings.store)
    return view


@lru_cache(maxsize=1)
def _openapi() -> bytes:
    import yaml

    spec = yaml.safe_load(_OPENAPI_FILE.read_text(encoding="utf-8"))
    spec["info"]["version"] = __version__
    return orjson.dumps(spec)


async def _error_response(request: Request, error: Exception) -> Response:
    assert isinstance(error, AdminHTTPError)
    return error.text_response() if "text/plain" in request.headers.get("accept", "") else error.response()


async def _store_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    return AdminHTTPError(503, error.code, str(error), error.remedy).response()


async def _unknown_route(request: Request, error: Exception) -> Response:
    remedy = "See /__emulator/openapi.json for the routes."
    return AdminHTTPError(404, "no_such_route", f"unknown route {request.method} {request.url.path}", remedy).response()
