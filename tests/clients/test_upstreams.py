"""Forwarding to OpenAI-compatible servers that others wrote: aimock, and LiteLLM's proxy with mock responses."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from gemulator import Emulator
from tests.waiting import PATIENCE, until

HERE = Path(__file__).parent
AIMOCK = HERE / "node_modules" / "@copilotkit" / "aimock"
LITELLM = HERE.parents[1] / ".venv-clients" / "bin" / "litellm"
MODEL = "google/gemini-3.1-pro-preview"
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {"match": {"userMessage": "think"}, "response": {"content": "Yes.", "reasoning": "Let me see."}},
    {"match": {"userMessage": "long"}, "response": {"content": "word " * 600_000}, "chunkSize": 4_000},
    {"match": {"userMessage": "picture"}, "response": {"content": "A dot."}},
    {"match": {"userMessage": "slow"}, "response": {"content": "Late but here."}, "latency": 300},
    {"match": {"userMessage": "limit"}, "response": {"error": {"message": "Slow down."}, "status": 429}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "one two three four"},
        "truncateAfterChunks": 3,
        "chunkSize": 4,
    },
    {
        "match": {"userMessage": "weather"},
        "response": {
            "toolCalls": [
                {"name": "get_weather", "arguments": {"city": "Paris"}},
                {"name": "get_weather", "arguments": {"city": "Rome"}},
            ]
        },
    },
]

KEY = "sk-of-the-operator-0123456789"
LITELLM_KEY = {"general_settings": {"master_key": KEY}}

pytestmark = pytest.mark.slow


@contextmanager
def program(command: list[str], path: str, port: int) -> Iterator[str]:
    """Run a server until its `path` answers."""
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:

        def is_up() -> bool:
            assert process.poll() is None, f"{command[0]} has ended"
            try:
                return httpx.get(url + path).status_code == 200
            except httpx.TransportError:
                return False

        try:
            until(is_up)
            yield url
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not AIMOCK.is_dir():
        pytest.skip("aimock is not installed: npm install --prefix tests/clients")
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    port = free_port()
    cli = str(AIMOCK / "dist" / "cli.js")
    with program([node, cli, "--port", str(port), "--fixtures", str(fixtures)], "/health", port) as url:
        yield url


@pytest.fixture(scope="module")
def emulator(aimock: str) -> Iterator[Emulator]:
    upstream = f"openai={aimock}/v1"
    with Emulator(
        scenarios="none", unmatched="forward", upstream=upstream, upstream_model=["google/*=gpt-4o"]
    ) as server:
        yield server


def client_of(emulator: Emulator) -> Any:
    return OpenAI(base_url=emulator.base_url, api_key="ya29.caller", max_retries=0, timeout=PATIENCE)


def ask(emulator: Emulator, text: Any, **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return client_of(emulator).chat.completions.create(model=MODEL, messages=messages, **more)


def joined(stream: Any) -> str:
    return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


def newest(emulator: Emulator) -> Any:
    return httpx.get(f"{emulator.url}/__emulator/journal").json()["entries"][-1]


@pytest.mark.parametrize(("text", "told"), [("hello", "Hello! How can I help you today?"), ("slow", "Late but here.")])
def test_aimock_is_told_whole_and_as_a_stream(emulator: Emulator, text: str, told: str) -> None:
    whole = ask(emulator, text)
    assert whole.choices[0].message.content == told
    assert whole.choices[0].message.extra_content["google"]["thought_signature"]
    assert whole.model == MODEL
    assert joined(ask(emulator, text, stream=True)) == told
    assert newest(emulator)["source"] == "forwarded"


def test_aimock_thinks(emulator: Emulator) -> None:
    google = {"google": {"thinking_config": {"include_thoughts": True}, "thought_tag_marker": "think"}}
    shown = ask(emulator, "think", extra_body={"extra_body": google})
    assert shown.choices[0].message.content == "<think>Let me see.</think>Yes."
    streamed = ask(emulator, "think", stream=True, extra_body={"extra_body": google})
    assert joined(streamed) == "<think>Let me see.</think>Yes."


@pytest.mark.parametrize("stream", [False, True])
def test_aimock_calls_in_parallel(emulator: Emulator, stream: bool) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]
    answer = ask(emulator, "weather", tools=tools, stream=stream)
    if stream:
        calls = [call for chunk in answer for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    else:
        assert answer.choices[0].finish_reason == "tool_calls"
        calls = answer.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert calls[0].extra_content["google"]["thought_signature"]


def test_aimock_reads_a_picture(emulator: Emulator) -> None:
    content = [{"type": "text", "text": "picture"}, {"type": "image_url", "image_url": {"url": PICTURE}}]
    assert ask(emulator, content).choices[0].message.content == "A dot."


def test_aimock_sends_three_megabytes(emulator: Emulator) -> None:
    assert len(joined(ask(emulator, "long", stream=True))) == 3_000_000


def test_aimock_refuses(emulator: Emulator) -> None:
    with pytest.raises(openai.RateLimitError) as refused:
        ask(emulator, "limit")
    assert refused.value.response.json()[0]["error"]["status"] == "RESOURCE_EXHAUSTED"


def test_aimock_breaks_off(emulator: Emulator) -> None:
    with pytest.raises((httpx.HTTPError, openai.APIError)):
        joined(ask(emulator, "cut", stream=True))
    assert newest(emulator)["upstream"]["error"]


def test_client_leaves_aimock(emulator: Emulator) -> None:
    with ask(emulator, "long", stream=True) as stream:
        next(iter(stream))
    until(lambda: newest(emulator)["outcome"] in {"client gone", "completed"})


@pytest.fixture(scope="module")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not LITELLM.is_file() or subprocess.run([LITELLM, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("LiteLLM's proxy is not installed: see tests/clients/requirements-frameworks.txt")
    config = tmp_path_factory.mktemp("litellm") / "config.yaml"
    params = {"model": "openai/gpt-4o", "api_key": "none", "mock_response": "Hello from LiteLLM."}
    config.write_text(json.dumps({"model_list": [{"model_name": "mock", "litellm_params": params}], **LITELLM_KEY}))
    port = free_port()
    command = [str(LITELLM), "--config", str(config), "--port", str(port), "--host", "127.0.0.1"]
    with program(command, "/health/liveliness", port) as url:
        yield url


def test_litellm_is_told_whole_and_as_a_stream(litellm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_KEY", KEY)
    upstream = f"openai={litellm}/v1"
    with Emulator(
        scenarios="none",
        unmatched="forward",
        upstream=upstream,
        upstream_auth="env:LITELLM_KEY",
        upstream_model=["google/*=mock"],
    ) as emulator:
        whole = ask(emulator, "hello")
        assert whole.choices[0].message.content == "Hello from LiteLLM."
        assert whole.usage.completion_tokens > 0
        assert joined(ask(emulator, "hello", stream=True)) == "Hello from LiteLLM."
