"""The emulated endpoint without a socket: an engine, asked and read back."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gemulator
from gemulator.core.headers import Headers
from gemulator.core.settings import Settings
from gemulator.delivery.steps import Chunk, Head
from gemulator.engine.catalog_file import read_catalog
from gemulator.engine.engine import Engine
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Target
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from gemulator.server.auth.identity import caller_from_headers
from gemulator.state.memory import MemoryStore
from gemulator.state.store import DEFAULT

CATALOG = read_catalog(Path(gemulator.__file__).with_name("service").joinpath("catalog.yaml"))
GEMINI_3 = "google/gemini-3.1-pro-preview"
GEMINI_2 = "google/gemini-2.5-flash"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> Any:
        """The error in the array that the endpoint wraps it in; gemulator's own is an object."""
        assert self.status >= 400, self.text
        (wrapped,) = [self.body] if isinstance(self.body, dict) else self.body
        return wrapped["error"]

    @property
    def message(self) -> Any:
        return self.body["choices"][0]["message"]

    @property
    def usage(self) -> Any:
        return self.body["usage"]

    @property
    def chunks(self) -> list[Any]:
        """The events of a stream, without the closing one."""
        *events, done, rest = self.text.split("\n\n")
        assert (done, rest) == ("data: [DONE]", "")
        return [json.loads(event.removeprefix("data: ")) for event in events]

    @property
    def deltas(self) -> list[Any]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]


class Endpoint:
    """`endpoints/openapi` of one engine, with at most one scenario."""

    def __init__(self, scenario: str = "", **settings: Any) -> None:
        library = Library([read_scenario(scenario, Path("test.yaml"), "test")] if scenario else [])
        # Tests of the form of calls need one whatever the prompt says.
        chosen = Settings(**{"scenarios": (), "tool_calls": "always", **settings})
        self.engine = Engine(chosen, library, MemoryStore(), CATALOG, lambda: 1_770_850_461.0)

    def send(self, body: bytes, endpoint: str = "openapi", location: str = "global", **headers: str) -> Answer:
        """Header names with `_` for `-`."""
        named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        caller = caller_from_headers(Headers(named), DEFAULT)
        target = Target("v1", "p", location, endpoint)
        path = f"/v1/projects/p/locations/{location}/endpoints/{endpoint}/chat/completions"
        answered = asyncio.run(self.engine.answer(IncomingRequest(body, path, target, named, caller)))
        head, *rest = answered.delivery.steps
        assert isinstance(head, Head)
        text = b"".join(step.data for step in rest if isinstance(step, Chunk)).decode()
        return Answer(head.status, {name.decode(): value.decode() for name, value in head.headers}, text)

    def ask(self, text: str = "Hello", model: str = GEMINI_3, **fields: Any) -> Answer:
        """A request with one user message, or with `messages`."""
        headers = fields.pop("headers", {})
        endpoint, location = fields.pop("endpoint", "openapi"), fields.pop("location", "global")
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        return self.send(json.dumps(body).encode(), endpoint, location, **headers)


def google(**options: Any) -> dict[str, Any]:
    """The `extra_body` member with Google's options."""
    return {"google": options}


def tool(name: str = "get_weather", **properties: Any) -> dict[str, Any]:
    """A function on offer."""
    parameters = {"type": "object", "properties": properties or {"city": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def user(content: Any = "Weather in Paris?") -> dict[str, Any]:
    return {"role": "user", "content": content}


def calling(*names: str, signature: str | None = None, arguments: str = "{}") -> dict[str, Any]:
    """An assistant message with calls, the first of them with a signature. Their ids are their names."""
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": arguments}} for name in names]
    if signature is not None:
        calls[0]["extra_content"] = {"google": {"thought_signature": signature}}
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(name: str, content: Any = '{"celsius": 21}') -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": content}


def asked(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """A question of the user and what came after it."""
    return [user(), *messages]


def image(url: str = "gs://b/a.png", **fields: Any) -> dict[str, Any]:
    """A picture as a part of a message."""
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def schema(inner: Any) -> dict[str, Any]:
    """A response format that demands a schema."""
    return {"type": "json_schema", "json_schema": {"name": "s", "schema": inner}}


def thinking(**config: Any) -> dict[str, Any]:
    """A request's thinking config, Google's way."""
    return {"extra_body": google(thinking_config=config)}


_DRESS = {"mime_type": "image/jpg", "display_name": "dress.jpg", "file_uri": "gs://b/d.jpg"}

# A tool's answer with a picture that its JSON refers to.
REFERRING: dict[str, Any] = {
    **result("get", '{"image": {"$ref": "dress.jpg"}}'),
    "extra_content": {"google": {"parts": [{"file_data": _DRESS}]}},
}


def rows(table: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The rows of a table as parameters: the first field is the row's name."""
    return [pytest.param(*values, id=name) for name, *values in table]


def saying(reply: str, *, finish: str | None = None) -> Endpoint:
    """An endpoint that answers everything with one reply, in YAML."""
    ending = f", finish: '{finish}'" if finish else ""
    return Endpoint(f"turns: [{{ reply: {reply}{ending} }}]")
