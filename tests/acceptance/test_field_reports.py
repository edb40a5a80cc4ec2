"""Requests of public bug reports, over HTTP: each is refused or answered as the service does, unary and streamed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator

FILE = Path(__file__).parents[1] / "golden" / "refusals.jsonl"
REPORTS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        Emulator() as emulator,
        httpx.Client(base_url=emulator.url, headers={"authorization": "Bearer x"}, timeout=60) as client,
    ):
        yield client


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("report", [pytest.param(one, id=f"{one['fact']} {one['name']}") for one in REPORTS])
def test_report_is_answered_as_by_the_service(client: httpx.Client, report: dict[str, Any], stream: bool) -> None:
    body = report["body"] | ({"stream": True} if stream else {})
    answer = client.post(report["path"], json=body, headers=report.get("headers", {}))
    assert answer.status_code == report["status"], answer.text
    if report["status"] >= 400:
        (wrapped,) = answer.json()
        missing = [part for part in report["message_has"] if part not in wrapped["error"]["message"]]
        assert not missing
    assert report.get("note_mentions", "").lower() in answer.headers.get("x-emulator-notes", "").lower()
