"""A caller of the admin API that holds every answer to its OpenAPI document."""

import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import yaml
from starlette.applications import Starlette

import gemulator
from gemulator import create_app
from gemulator.core.settings import Settings
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario

CHAT = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
SPEC = yaml.safe_load(
    Path(gemulator.__file__).with_name("server").joinpath("admin", "admin.yaml").read_text(encoding="utf-8")
)

WEATHER = """
description: One refusal, then an answer.
turns:
  - when: { user: weather }
    times: 1
    reply: { error: 429 }
  - when: { user: weather }
    reply: Sunny.
"""


def app_with(**settings: Any) -> Starlette:
    library = Library([read_scenario(WEATHER, Path("weather.yaml"), "weather")])
    return create_app(Settings(log_format="off", **settings), library=library, clock=lambda: 1770850461.0)


def template_of(method: str, path: str) -> str:
    fitting = [
        template
        for template, operations in SPEC["paths"].items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    return str(min(fitting, key=lambda template: template.count("{")))


def check(response: httpx.Response) -> None:
    """The response is one that the document tells of."""
    path = response.request.url.raw_path.decode().partition("?")[0].removeprefix("/__emulator")
    operation = SPEC["paths"][template_of(response.request.method, path)][response.request.method.lower()]
    told = operation["responses"]
    answer = told.get(str(response.status_code)) or told["default"]
    if "$ref" in answer:
        answer = SPEC["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in answer["content"], f"{kind} is not among the content of {path}"
    if kind == "application/json":
        schema = {**answer["content"][kind]["schema"], "components": SPEC["components"]}
        jsonschema.validate(response.json(), schema, jsonschema.Draft202012Validator)


class AdminCaller:
    """Speaks to an app, and holds every answer of the admin API to the document."""

    def __init__(self, app: Starlette) -> None:
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8089")

    async def __call__(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        response = await self.http.request(method, f"/__emulator{path}", **options)
        assert response.status_code == status, response.text
        check(response)
        return response.json() if response.headers["content-type"] == "application/json" else response.text

    async def ask(self, text: str, session: str = "default", **body: Any) -> httpx.Response:
        message = {"role": "user", "content": text}
        headers = {"authorization": "Bearer s3cret", "x-emulator-session": session}
        whole = {"model": "google/gemini-2.5-flash", "messages": [message], **body}
        return await self.http.post(CHAT, json=whole, headers=headers)
