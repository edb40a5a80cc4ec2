"""One script on every server: each answers it in its own bytes, which stand in tests/golden/dialects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from tests.acceptance.wire import post

GOLDEN = Path(__file__).parent.parent / "golden" / "dialects"
PARTNERS = {
    "deepseek-r1": "deepseek-ai/deepseek-r1-0528-maas",
    "deepseek-v3.1": "deepseek-ai/deepseek-v3.1-maas",
    "gemma": "google/gemma-4-26b-a4b-it-maas",
    "kimi": "moonshotai/kimi-k2-thinking-maas",
    "llama": "meta/llama-4-scout-17b-16e-instruct-maas",
}
QUESTIONS = {"text": "The capital of France?", "call": "The weather in Paris?", "error": "Please crash."}
CASES = sorted(f"{path.parent.name}/{path.name}" for path in GOLDEN.glob("*/*"))


@pytest.fixture(scope="module")
def scripted() -> Iterator[Emulator]:
    with Emulator(scenarios=GOLDEN / "script.yaml", catalog=GOLDEN / "catalog.yaml") as emulator:
        yield emulator


def body(server: str, case: str, stream: bool) -> dict[str, Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    messages = [{"role": "user", "content": QUESTIONS[case]}]
    switches = {"chat_template_kwargs": {"thinking": True, "enable_thinking": True}}
    return {"model": PARTNERS.get(server, "org/model"), "messages": messages, **switches, **options}


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_of_each_server(scripted: Emulator, name: str) -> None:
    server, _, file = name.partition("/")
    case, _, form = file.partition(".")
    url = scripted.base_url if server in PARTNERS else scripted.endpoint_url(server)
    answer = post(scripted, body(server, case, form == "sse"), base_url=url)
    assert answer.text == (GOLDEN / name).read_text()
    assert answer.headers["x-emulator-turn"].startswith("script/")


@pytest.mark.parametrize("server", ["vllm", "tgi", "kimi"])
def test_a_server_has_every_case(server: str) -> None:
    assert {f"{server}/{case}" for case in ("text.json", "text.sse", "call.json", "call.sse", "error.json")} <= {*CASES}


@pytest.mark.parametrize(
    ("endpoint", "status", "expected"),
    [
        (
            "vllm",
            400,
            {
                "error": {
                    "message": "1 validation error:\n  {'type': 'missing', 'loc': ('body', 'messages'),"
                    " 'msg': 'Field required', 'input': {'model': 'm'}}",
                    "type": "BadRequestError",
                    "param": None,
                    "code": 400,
                }
            },
        ),
        (
            "vllm-0.6",
            400,
            {
                "object": "error",
                "message": "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required',"
                " 'input': {'model': 'm'}}]",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
        ),
        ("tgi", 422, {"error": "Input validation error: missing field `messages`", "error_type": "validation"}),
    ],
)
def test_a_malformed_request_is_refused_by_the_container(
    scripted: Emulator, endpoint: str, status: int, expected: dict[str, Any]
) -> None:
    answer = post(scripted, {"model": "m"}, base_url=scripted.endpoint_url(endpoint))
    assert (answer.status_code, answer.json()) == (status, expected)


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b'{"messages": 3}'])
@pytest.mark.parametrize("endpoint", ["vllm", "vllm-0.10", "vllm-0.6", "tgi"])
def test_no_body_is_too_broken_for_a_container(scripted: Emulator, endpoint: str, raw: bytes) -> None:
    answer = post(scripted, raw, base_url=scripted.endpoint_url(endpoint))
    assert answer.status_code == (422 if endpoint == "tgi" else 400)
    assert json.dumps(answer.json()).count("BadRequestError") == (endpoint != "tgi")


def test_a_missing_token_is_refused_by_google_on_an_endpoint_too(scripted: Emulator) -> None:
    answer = post(scripted, body("vllm", "text", False), base_url=scripted.endpoint_url("vllm"), authorization="")
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
