"""A server that nobody has heard of: one class, one entry in the registry, and all the rest works on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from gemulator import Emulator
from gemulator.core.plan import Failure, Plan, Text
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects import DIALECTS, Dialect, RawHeaders, Style
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from tests.acceptance.wire import post

SCRIPT = """
turns:
  - { when: { user: loud }, reply: Hello there., pacing: { first_token: 60ms } }
  - { when: { user: no }, reply: { error: 503 } }
"""
CATALOG = "endpoints: [{ id: shouter, dialect: shouting, served: megaphone }]"


class Shouting(Dialect):
    """Says everything in capitals."""

    headers: RawHeaders = ((b"content-type", b"text/plain"),)
    stream_headers: RawHeaders = ((b"content-type", b"text/event-stream"),)
    stream_failure = Failure(500, "INTERNAL", "out of breath")

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        text = "".join(part.text for part in plan.choices[0].parts if isinstance(part, Text))
        return Chunk(f"{self.profile.served} {plan.id}: {text.upper()}".encode())

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        return [Chunk(word + b"\n", 1) for word in self.unary(plan, request, style).data.split()]

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        return Head(failure.status, self.headers), Chunk(failure.code.encode())

    def stream_error(self, failure: Failure) -> bytes:
        return f"{failure.message.upper()}!".encode()

    def response_id(self, seed: Seed, created: int) -> str:
        return f"shout-{seed.bytes(4).hex()}"

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        return "call"


def test_a_made_up_dialect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIALECTS, "shouting", Shouting)
    (tmp_path / "script.yaml").write_text(SCRIPT)
    (tmp_path / "catalog").write_text(CATALOG)
    with Emulator(scenarios=tmp_path / "script.yaml", catalog=tmp_path / "catalog") as emulator:
        url = emulator.endpoint_url("shouter")

        def ask(text: str, **fields: Any) -> Any:
            return post(emulator, {"messages": [{"role": "user", "content": text}], **fields}, base_url=url)

        first, second = ask("loud"), ask("loud")
        assert first.text.startswith("megaphone shout-")
        assert first.text.endswith(": HELLO THERE.")
        assert first.text != second.text, "each attempt has its own id"
        assert first.elapsed.total_seconds() > 0.05, "written pacing holds"
        assert ask("loud", stream=True).text.split()[-2:] == ["HELLO", "THERE."]
        broken = post(
            emulator,
            {"messages": [{"role": "user", "content": "loud"}], "stream": True},
            base_url=url,
            **{"x-emulator-fault": "error_event: {after_chunks: 2}"},
        )
        assert broken.text.endswith("\nOUT OF BREATH!"), "its own words end a stream that fails"
        assert (ask("no").status_code, ask("no").text) == (503, "UNAVAILABLE")
        assert ask("anything else").text.split(": ")[1].isupper()
        refused = post(emulator, orjson.dumps({"messages": 1}), base_url=url)
        assert (refused.status_code, refused.text) == (400, "INVALID_ARGUMENT")
