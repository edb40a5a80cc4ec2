"""OpenAPI document, server routes and errors of the admin API."""

import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

import gemulator
from gemulator.core.settings import Settings
from gemulator.server.admin.app import admin_app
from gemulator.server.admin.guard import Guard
from gemulator.server.metrics import Metrics
from tests.admin_api import SPEC, AdminCaller, app_with


def test_openapi_document_lists_all_routes() -> None:
    guard = admin_app(app_with().state.engine, Settings(), Metrics(), lambda: 0.0)
    assert isinstance(guard, Guard)
    assert isinstance(guard.app, Starlette)
    served = {
        (method, re.sub(r":\w+\}", "}", route.path).replace("{number}", "{id}"))
        for route in guard.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    documented = {
        (method.upper(), path)
        for path, operations in SPEC["paths"].items()
        for method in operations
        if method in {"get", "post", "delete"}
    }
    assert served | {("GET", "/health")} == documented  # outside the guard


async def test_server_routes(call: AdminCaller) -> None:
    assert await call("GET", "/health") == {"status": "ok", "version": gemulator.__version__}
    assert await call("GET", "/ready") == {"ready": True, "problems": [], "unjournaled": 0}
    assert await call("GET", "/version") == {"version": gemulator.__version__}
    served = await call("GET", "/openapi.json")
    assert served == {**SPEC, "info": {**SPEC["info"], "version": gemulator.__version__}}


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("redis://me:hush@localhost:1/0", "redis://localhost:1/0"),
        ("rediss://[::1]/0?password=hush&username=hush", "rediss://[::1]/0"),
        ("unix://me:hush@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("memory", "memory"),
    ],
)
async def test_settings_are_redacted(store: str, shown: str) -> None:
    api = AdminCaller(app_with(admin_key="hush", store=store))
    settings = await api("GET", "/settings", headers={"x-emulator-admin-key": "hush"})
    assert "hush" not in str(settings)
    assert (settings["admin_key"], settings["store"]) == ("(redacted)", shown)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/journal/99", {}, 404, "no_such_entry"),
        ("GET", "/journal?status=many", {}, 422, "invalid_query"),
        ("GET", "/journal?since=yesterday", {}, 422, "invalid_query"),
        ("POST", "/verify", {"content": b"{"}, 400, "invalid_json"),
        ("POST", "/verify", {"json": {"entires": []}}, 422, "invalid_body"),
        ("POST", "/verify", {"json": []}, 422, "invalid_body"),
        ("POST", "/sessions", {"json": {"clock": "noon"}}, 422, "invalid_body"),
        ("POST", "/explain", {"json": {"body": {}, "path": "/v1/x"}}, 422, "no_chat_path"),
        ("POST", "/scenarios", {"content": b"\xff"}, 422, "invalid_scenario"),
        ("POST", f"/scenarios?name={'x' * 201}", {"content": "turns: [{ reply: x }]"}, 422, "invalid_scenario"),
        ("POST", "/scenarios", {"content": b"x" * 10_000_001}, 413, "too_large"),
    ],
)
async def test_errors_have_code_and_remedy(
    call: AdminCaller, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    assert (await call(method, path, status, **options))["error"]["code"] == code


async def test_unknown_routes(call: AdminCaller) -> None:
    for method, path in (("GET", "/nothing"), ("PUT", "/sessions")):
        response = await call.http.request(method, f"/__emulator{path}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "no_such_route")
