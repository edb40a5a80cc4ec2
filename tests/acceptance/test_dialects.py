"""One script on every server: each answers it in its own bytes, which stand in tests/golden/dialects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemulator import Emulator
from tests.acceptance.wire import post

GOLDEN = Path(__file__).parent.parent / "golden" / "dialects"
PARTNERS = {
    "deepseek-r1": "deepseek-ai/deepseek-r1-0528-maas",
    "deepseek-v3.1": "deepseek-ai/deepseek-v3.1-maas",
    "deepseek-v3.2": "deepseek-ai/deepseek-v3.2-maas",
    "gemma": "google/gemma-4-26b-a4b-it-maas",
    "glm": "zai-org/glm-5-maas",
    "gpt-oss": "openai/gpt-oss-120b-maas",
    "grok": "xai/grok-4.1-fast-reasoning",
    "kimi": "moonshotai/kimi-k2-thinking-maas",
    "llama": "meta/llama-4-scout-17b-16e-instruct-maas",
    "minimax": "minimaxai/minimax-m2-maas",
    "qwen": "qwen/qwen3-next-80b-a3b-thinking-maas",
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


@pytest.mark.parametrize(
    ("endpoint", "status", "lead"),
    [
        ("vllm", 400, "Grammar error: No value fits"),
        ("tgi", 422, "Input validation error: grammar is not valid: No value"),
    ],
)
def test_a_form_that_nothing_can_have_is_refused_by_the_container(
    scripted: Emulator, endpoint: str, status: int, lead: str
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "never", "schema": {"not": {}}}}
    asked = {"messages": [{"role": "user", "content": "Anything."}], "response_format": form}
    answer = post(scripted, asked, base_url=scripted.endpoint_url(endpoint))
    error = answer.json()["error"]
    assert answer.status_code == status
    assert (error if endpoint == "tgi" else error["message"]).startswith(lead)


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b'{"messages": 3}'])
@pytest.mark.parametrize("endpoint", ["vllm", "vllm-0.10", "vllm-0.6", "tgi"])
def test_no_body_is_too_broken_for_a_container(scripted: Emulator, endpoint: str, raw: bytes) -> None:
    answer = post(scripted, raw, base_url=scripted.endpoint_url(endpoint))
    assert answer.status_code == (422 if endpoint == "tgi" else 400)
    assert json.dumps(answer.json()).count("BadRequestError") == (endpoint != "tgi")


def test_a_missing_token_is_refused_by_google_on_an_endpoint_too(scripted: Emulator) -> None:
    answer = post(scripted, body("vllm", "text", False), base_url=scripted.endpoint_url("vllm"), authorization="")
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


# ---- a stream that fails after its first event

ENGINE = {"message": "Internal server error", "type": "InternalServerError", "param": None, "code": 500}
CANCELLED = {"code": 499, "message": "The operation was cancelled.", "status": "CANCELLED"}


def broken_off(emulator: Emulator, server: str, fault: str) -> tuple[list[bytes], bytes]:
    """The events before the error, and what stands from the error on."""
    url = emulator.base_url if server in PARTNERS else emulator.endpoint_url(server)
    asked = body(server, "text", True)
    whole = post(emulator, asked, base_url=url).content
    answer = post(emulator, asked, base_url=url, **{"x-emulator-fault": fault}).content
    events = answer.split(b"\n\n")
    assert json.loads(events[0].removeprefix(b"data: "))["object"] == "chat.completion.chunk"
    assert not whole.endswith(b"\n\n".join(events[2:]))
    return events[:2], b"\n\n".join(events[2:])


@pytest.mark.parametrize(
    ("server", "fault", "expected"),
    [
        ("vllm", "error_event: {after_chunks: 2}", {"error": ENGINE}),
        ("vllm-0.6", "error_event: {after_chunks: 2}", {"error": {"object": "error"} | ENGINE}),
        (
            "vllm",
            "error_event: {after_chunks: 2, code: 400, message: Too long.}",
            {"error": ENGINE | {"message": "Too long.", "type": "BadRequestError", "code": 400}},
        ),
        (
            "tgi",
            "error_event: {after_chunks: 2, message: CUDA out of memory.}",
            {"error": "Request failed during generation: CUDA out of memory.", "error_type": "generation"},
        ),
    ],
)
def test_a_container_ends_a_failing_stream_in_its_own_words(
    scripted: Emulator, server: str, fault: str, expected: dict[str, Any]
) -> None:
    _, end = broken_off(scripted, server, fault)
    event, done, rest = end.split(b"\n\n")
    assert json.loads(event.removeprefix(b"data: ")) == expected
    assert list(json.loads(event.removeprefix(b"data: "))) == list(expected)
    assert (done, rest) == (b"data: [DONE]", b"")


def test_google_ends_a_partner_s_failing_stream(scripted: Emulator) -> None:
    _, end = broken_off(scripted, "kimi", "error_event: {after_chunks: 2}")
    assert json.loads(end.removeprefix(b"data: ")) == {"error": CANCELLED}


@pytest.mark.parametrize("server", ["vllm", "tgi", "kimi"])
@pytest.mark.parametrize(
    ("form", "lead", "expected"),
    [("bare", b"{\n", {"error": CANCELLED}), ("data", b"data: {", {"error": CANCELLED}),
     ("array", b"data: [", [{"error": CANCELLED}])],
)  # fmt: skip
def test_google_s_front_end_may_end_any_stream(
    scripted: Emulator, server: str, form: str, lead: bytes, expected: Any
) -> None:
    _, end = broken_off(scripted, server, f"error_event: {{after_chunks: 2, form: {form}}}")
    assert end.startswith(lead)
    assert json.loads(end.removeprefix(b"data: ")) == expected
