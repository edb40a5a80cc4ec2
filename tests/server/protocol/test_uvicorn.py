"""uvicorn's internals that our protocol classes override and use.

uvicorn documents none of them, so pyproject.toml bounds its version. Before raising the bound, make these tests and
tests/acceptance/test_short_ways.py pass.
"""

import asyncio
import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gemulator.server.protocol.connection import HttpConnection
from gemulator.server.protocol.fast_path import FastHttpProtocol
from gemulator.server.protocol.framing import FramingProtocol
from gemulator.server.protocol.upgrade import UpgradeIgnoringProtocol
from gemulator.server.tls.server import Server

OVERRIDDEN = {
    UpgradeIgnoringProtocol: {"_should_upgrade", "data_received", "handle_websocket_upgrade"},
    FramingProtocol: {
        "connection_lost",
        "data_received",
        "eof_received",
        "on_headers_complete",
        "on_message_begin",
        "on_response_complete",
        "send_400_response",
    },
    HttpConnection: {"connection_lost", "eof_received", "on_message_begin", "resume_writing"},
    FastHttpProtocol: {
        "connection_lost",
        "on_body",
        "on_headers_complete",
        "on_message_begin",
        "on_message_complete",
        "shutdown",
    },
    Server: {"shutdown", "startup"},
}
USED = {
    HttpToolsProtocol: {"_get_upgrade", "timeout_keep_alive_handler"},
    FlowControl: {"drain", "resume_reading"},
}
ATTRIBUTES_OF_A_PROTOCOL = {
    *("app_state", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser", "scope"),
    *("server_state", "timeout_keep_alive", "transport"),
}
FLAGS = {
    *("chunked_encoding", "disconnected", "expected_content_length", "keep_alive", "message_event", "more_body"),
    *("response_complete", "response_started", "waiting_for_100_continue"),
}
ADVICE = f"uvicorn {uvicorn.__version__} lacks what gemulator overrides or uses: adapt gemulator.server.protocol to it"


def missing_of(thing: object, names: Iterable[str]) -> set[str]:
    return {name for name in names if not hasattr(thing, name)}


def test_overridden_methods_exist_in_uvicorn() -> None:
    for kind, names in OVERRIDDEN.items():
        base = uvicorn.Server if kind is Server else HttpToolsProtocol
        missing = missing_of(base, names)
        assert not missing, f"{ADVICE}. {base.__name__} has no {sorted(missing)} for {kind.__name__}"


def test_list_of_overridden_methods_is_complete() -> None:
    for kind, names in OVERRIDDEN.items():
        base = uvicorn.Server if kind is Server else HttpToolsProtocol
        own = {name for name, value in vars(kind).items() if callable(value) and not name.startswith("__")}
        assert {name for name in own if hasattr(base, name)} == names, kind.__name__


def test_used_members_exist_in_uvicorn() -> None:
    for kind, names in USED.items():
        missing = missing_of(kind, names)
        assert not missing, f"{ADVICE}. {kind.__name__} has no {sorted(missing)}"
    assert httptools_impl.STATUS_LINE[200] == b"HTTP/1.1 200 OK\r\n", ADVICE


async def test_protocol_has_the_attributes_that_we_use() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError

    config = uvicorn.Config(app, ws="none")
    protocol = FastHttpProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    assert not (missing := missing_of(protocol, ATTRIBUTES_OF_A_PROTOCOL)), f"{ADVICE}. No attribute {sorted(missing)}"
    assert not (missing := missing_of(ServerState(), {"default_headers", "total_requests", "connections"})), missing
    fields = set(RequestResponseCycle.__init__.__code__.co_names)
    assert fields >= FLAGS, f"{ADVICE}. {RequestResponseCycle.__name__} has other flags"


def test_version_bound_includes_the_installed_uvicorn() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    (bound,) = [line for line in project["project"]["dependencies"] if line.startswith("uvicorn")]
    below = re.search(r"<(\d+)\.(\d+)$", bound)
    assert below is not None, f"{bound!r} has no upper bound: uvicorn's internals change between minor releases"
    installed = tuple(map(int, importlib.metadata.version("uvicorn").split(".")[:2]))
    assert installed < tuple(map(int, below.groups()))
