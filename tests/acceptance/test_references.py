"""References that lead out of a request's schemas: never fetched, taken as any value, and named in a header."""

import json
from typing import Any

import pytest

from gemulator import Emulator
from tests.acceptance.wire import ask, post

AWAY, NEAR = "https://example.com/money.json", "#/$defs/money"
DEFINED = {"$defs": {"money": {"type": "integer"}}}
BUNDLED = {"$id": "https://example.com/order.json", "$defs": {"money": {"$id": "money.json", "type": "integer"}}}


def order(ref: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"price": {"$ref": ref}}, "required": ["price"], **more}


def answered(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "order", "schema": schema}}}


def called(schema: dict[str, Any]) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "order", "parameters": schema}}]}


@pytest.mark.parametrize("fields", [answered(order(AWAY)), called(order(AWAY))], ids=["answer", "call"])
@pytest.mark.parametrize("where", ["openapi", "endpoint"])
def test_what_is_not_fetched_is_said(fields: dict[str, Any], where: str) -> None:
    with Emulator() as emulator:
        url = emulator.base_url if where == "openapi" else emulator.endpoint_url("123")
        answer = post(emulator, ask("An order, please.", **fields), base_url=url)
    assert answer.status_code == 200
    assert answer.headers["x-emulator-notes"] == f"external references are not fetched and accept any value: {AWAY}"


@pytest.mark.parametrize(
    "schema",
    [order(NEAR, **DEFINED), order("https://example.com/money.json", **BUNDLED), order("money.json", **BUNDLED)],
    ids=["pointer", "bundled", "relative"],
)
def test_what_the_schema_holds_itself_needs_no_word(schema: dict[str, Any]) -> None:
    with Emulator() as emulator:
        answer = post(emulator, ask("An order, please.", **answered(schema)))
    assert "x-emulator-notes" not in answer.headers
    assert isinstance(json.loads(answer.json()["choices"][0]["message"]["content"])["price"], int)
