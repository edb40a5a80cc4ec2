"""Requests that an upstream answers, through a server as a user starts it."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from gemulator import Emulator
from gemulator.core.setting_error import SettingError
from tests.record.asking import CALLER, HOUR, MODEL, SAY, ask, entry, forwarding
from tests.record.raw_upstream import DONE, event, head, raw_upstream
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

HELLO: Any = SAY["messages"]

# ---- a server with Google's paths: bytes pass through


CAPTURED = b'data: {"choices":[{"delta":{"content":"Hel","role":"assistant"},"index":0}],"created":1}\n\n'
REST = (
    b'data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"stop","index":0}],"created":1}\n\ndata: [DONE]\n\n'
)


def test_vertex_answer_passes_as_it_comes() -> None:
    with (
        raw_upstream(head("200 OK", "text/event-stream", "x-google: 1", "set-cookie: a=b"), CAPTURED, HOUR, REST) as up,
        forwarding(f"vertex={up.url}") as emulator,
    ):
        url = f"{emulator.base_url}/chat/completions"
        with httpx.stream("POST", url, json={**SAY, "stream": True}, headers=CALLER) as answer:
            parts = answer.iter_raw()
            assert next(parts) == CAPTURED  # while the upstream has not ended
            up.go_on.set()
            assert b"".join(parts) == REST
        assert answer.headers["x-google"] == "1"
        assert "set-cookie" not in answer.headers
        assert answer.headers["x-emulator-turn"] == "forwarded"
        found = entry(emulator)
        assert (found["source"], found["status"], found["outcome"], found["chunks"]) == (
            "forwarded",
            200,
            "completed",
            3,
        )
        assert found["upstream"]["name"] == f"vertex={up.url}"
        assert found["upstream"]["bytes"] == len(CAPTURED + REST)
        assert found["upstream"]["ttft"] > 0
        assert "".join(step["text"] for step in found["answer"]["steps"]).encode() == CAPTURED + REST
        metrics = httpx.get(f"{emulator.url}/__emulator/metrics").text
        assert f'gemulator_forwarded_total{{upstream="vertex={up.url}"}} 1.0' in metrics
    asked = up.asked[0]
    assert asked.line.startswith("POST /v1/projects/demo/locations/global/endpoints/openapi/chat/completions ")
    assert asked.json == {**SAY, "stream": True}
    assert asked.headers["authorization"] == CALLER["authorization"]


def test_vertex_error_passes_with_its_headers() -> None:
    body = b'[{"error":{"code":429,"message":"Resource exhausted","status":"RESOURCE_EXHAUSTED"}}\n]\n'
    with (
        raw_upstream(head("429 Too Many Requests", "application/json", "retry-after: 3"), body) as up,
        forwarding(f"vertex={up.url}") as emulator,
    ):
        answer = ask(emulator)
    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (429, body, "3")


def test_answer_of_three_megabytes_passes_whole() -> None:
    body = json.dumps({"choices": [], "text": "x" * 3_000_000}).encode()
    with (
        raw_upstream(head("200 OK", "application/json", f"content-length: {len(body)}"), body) as up,
        forwarding(f"vertex={up.url}") as emulator,
    ):
        assert ask(emulator).content == body
        assert entry(emulator)["bytes"] == len(body)


def test_private_headers_never_leave() -> None:
    private = {
        "cookie": "secret=1",
        "x-emulator-seed": "7",
        "x-forwarded-for": "10.0.0.1",
        "proxy-authorization": "Basic secret",
        "connection": "x-hop",
        "x-hop": "secret",
    }
    with raw_upstream(head("200 OK", "application/json"), b"{}") as up, forwarding(f"vertex={up.url}") as emulator:
        url = f"{emulator.base_url}/chat/completions"
        httpx.post(url, json=SAY, headers={**private, **CALLER, "x-goog-user-project": "mine"})
    sent = up.asked[0].headers
    assert not {*private} & {name for name in sent if name != "connection"}
    assert "secret" not in str(sent)
    assert sent["x-goog-user-project"] == "mine"


def test_token_of_the_emulator_never_leaves() -> None:
    with raw_upstream(head("200 OK", "application/json"), b"{}") as up, forwarding(f"vertex={up.url}") as emulator:
        url = f"{emulator.base_url}/chat/completions"
        answer = httpx.post(url, json=SAY, headers={"authorization": f"Bearer {emulator.token}"})
        assert answer.status_code == 400
        assert "--upstream-auth adc" in answer.text
    assert not up.asked


def test_key_of_a_variable_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "key-of-the-operator")
    with (
        raw_upstream(head("200 OK", "application/json"), b"{}") as up,
        forwarding(f"vertex={up.url}", upstream_auth="env:THE_KEY") as emulator,
    ):
        ask(emulator)
        assert "key-of-the-operator" not in str(entry(emulator))
    assert up.asked[0].headers["authorization"] == "Bearer key-of-the-operator"


def test_limit_bounds_what_is_forwarded() -> None:
    with (
        raw_upstream(head("200 OK", "application/json"), b"{}") as up,
        forwarding(f"vertex={up.url}", forward_limit=1) as emulator,
    ):
        assert ask(emulator).status_code == 200
        refused = ask(emulator)
        assert refused.status_code == 400
        assert "--forward-limit" in refused.text
    assert len(up.asked) == 1


def test_turn_forwards_and_others_stay_scripted(tmp_path: Path) -> None:
    (tmp_path / "mixed.yaml").write_text(
        "turns:\n  - { when: { user: scripted }, reply: Mine. }\n"
        "  - { when: { user: live }, reply: { forward: true } }\n"
    )
    with (
        raw_upstream(head("200 OK", "application/json"), b'{"a":1}') as up,
        forwarding(f"vertex={up.url}", scenarios=tmp_path, unmatched="error") as emulator,
    ):
        live = ask(emulator, messages=[{"role": "user", "content": "live"}])
        mine = ask(emulator, messages=[{"role": "user", "content": "scripted"}])
        other = ask(emulator, messages=[{"role": "user", "content": "other"}])
    assert (live.text, live.headers["x-emulator-turn"]) == ('{"a":1}', "mixed/2")
    assert mine.json()["choices"][0]["message"]["content"] == "Mine."
    assert other.headers["x-emulator-error"] == "unmatched"
    assert len(up.asked) == 1


def test_forward_without_an_upstream_is_refused() -> None:
    with pytest.raises(SettingError, match="--upstream"):
        Emulator(unmatched="forward").start()
    with Emulator(scenarios="none") as emulator:
        emulator.default_session.when().reply({"forward": True})
        answer = ask(emulator)
        assert answer.status_code == 400
        assert "--upstream" in answer.text


# ---- an OpenAI-compatible server: told on the wire of the request


def test_local_model_streams_as_gemini() -> None:
    first = event({"role": "assistant", "content": ""}) + event({"content": "Hel"}) + event({"content": "lo "})
    rest = event({"content": "you"}) + event({}, "stop") + event(usage={"prompt_tokens": 3, "completion_tokens": 4})
    with (
        raw_upstream(head(), first, HOUR, rest + DONE) as up,
        forwarding(f"openai={up.url}/v1", upstream_model=["google/*=llama3.2"]) as emulator,
    ):
        client = OpenAI(base_url=emulator.base_url, api_key="x", timeout=PATIENCE)
        stream = client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        assert next(stream).choices[0].delta.content == "Hel"  # one piece is held back, not the answer
        up.go_on.set()
        chunks: list[Any] = list(stream)
        assert [chunk.choices[0].delta.content for chunk in chunks] == ["lo ", "you"]
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].choices[0].delta.extra_content["google"]["thought_signature"]
        assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 4)
        assert {chunk.model for chunk in chunks} == {MODEL}
    asked = up.asked[0]
    assert asked.line.startswith("POST /v1/chat/completions ")
    assert asked.json["model"] == "llama3.2"
    assert asked.json["stream_options"] == {"include_usage": True}


def tools() -> list[Any]:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]


def call(index: int, city: str) -> bytes:
    opening = {
        "index": index,
        "id": f"c{index}",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    pieces = ['{"city"', f': "{city}"', "}"]
    rest = [event({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}) for piece in pieces]
    return event({"tool_calls": [opening]}) + b"".join(rest)


@pytest.mark.parametrize("model", [MODEL, "deepseek-ai/deepseek-v3.1-maas"])
def test_parallel_calls_in_fragments_are_told_whole(model: str) -> None:
    script = call(0, "Paris") + call(1, "Rome") + event({}, "tool_calls") + DONE
    with raw_upstream(head(), script) as up, forwarding(f"openai={up.url}/v1") as emulator:
        client = OpenAI(base_url=emulator.base_url, api_key="x", timeout=PATIENCE)
        with client.chat.completions.stream(model=model, messages=HELLO, tools=tools()) as stream:
            calls: dict[int, str] = {}
            for one in stream:
                if one.type == "chunk":
                    for choice in one.chunk.choices:
                        for part in choice.delta.tool_calls or ():
                            calls[part.index] = calls.get(part.index, "") + (
                                (part.function and part.function.arguments) or ""
                            )
                        finish = choice.finish_reason
        assert [json.loads(text) for text in calls.values()] == [{"city": "Paris"}, {"city": "Rome"}]
        assert finish == "tool_calls"


def test_thoughts_are_told_as_the_request_asks() -> None:
    show = {"extra_body": {"google": {"thinking_config": {"include_thoughts": True}, "thought_tag_marker": "think"}}}
    script = event({"content": "<thi"}) + event({"content": "nk>Hm"}) + event({"content": "m.</think>\n\nYes."})
    script += event({}, "stop") + DONE
    with raw_upstream(head(), script) as up, forwarding(f"openai={up.url}/v1") as emulator:
        shown = _texts(ask(emulator, stream=True, **show))
        hidden = _texts(ask(emulator, stream=True))
        assert "extra_body" not in up.asked[0].json
    assert "".join(text for text, _ in shown) == "<think>Hmm.</think>Yes."
    assert [thought for _, thought in shown] == [True, True, None]
    assert "".join(text for text, _ in hidden) == "Yes."


def _texts(answer: httpx.Response) -> list[tuple[str, bool | None]]:
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    deltas = [event["choices"][0]["delta"] for event in events]
    return [(d.get("content"), d.get("extra_content", {}).get("google", {}).get("thought")) for d in deltas]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_whole_answer_is_told_with_its_thoughts(field: str) -> None:
    message = {"role": "assistant", "content": "Yes.", field: "Hmm."}
    usage = {"prompt_tokens": 9, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 5}}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})
    show = {"extra_body": {"google": {"thinking_config": {"include_thoughts": True}}}}
    with (
        raw_upstream(head("200 OK", "application/json"), body.encode()) as up,
        forwarding(f"openai={up.url}/v1") as emulator,
    ):
        told = ask(emulator, **show).json()
    assert told["choices"][0]["message"]["content"] == "Hmm.Yes."
    assert told["usage"]["completion_tokens_details"] == {"reasoning_tokens": 5}
    assert told["usage"]["completion_tokens"] == 2
    assert told["model"] == MODEL


def test_picture_of_the_upstream_is_told_as_gemini() -> None:
    images = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
    message = {"role": "assistant", "content": "Here.", "images": images}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    with (
        raw_upstream(head("200 OK", "application/json"), body.encode()) as up,
        forwarding(f"openai={up.url}/v1") as emulator,
    ):
        told = ask(emulator).json()["choices"][0]["message"]
    assert told["audio"]["data"] == "iVBORw0KGgo="
    assert told["content"] == "Here."


def test_refusal_of_the_upstream_is_googles_error_array() -> None:
    body = b'{"error": {"message": "Slow down.", "type": "rate_limit"}}'
    with (
        raw_upstream(head("429 Too Many Requests", "application/json", "retry-after: 2"), body) as up,
        forwarding(f"openai={up.url}/v1") as emulator,
    ):
        answer = ask(emulator)
    assert answer.status_code == 429
    assert answer.json()[0]["error"] == {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}
    assert answer.headers["retry-after"] == "2"


def test_several_candidates_are_told_together() -> None:
    one, two = (
        {"index": at, "delta": {"content": text}, "finish_reason": "stop"} for at, text in enumerate(("A", "B"))
    )
    script = b"".join(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n" for choice in (one, two))
    with raw_upstream(head(), script + DONE) as up, forwarding(f"openai={up.url}/v1") as emulator:
        events = [
            json.loads(x[6:]) for x in ask(emulator, stream=True, n=2).text.splitlines() if x.startswith("data: {")
        ]
    told = {choice["index"]: choice["delta"]["content"] for event in events for choice in event["choices"]}
    assert told == {0: "A", 1: "B"}


# ---- ends


@pytest.mark.parametrize("kind", ["vertex={}", "openai={}/v1"])
def test_client_that_leaves_cancels_the_upstream(kind: str) -> None:
    with (
        raw_upstream(head(), event({"content": "a"}) + event({"content": "b"}), HOUR) as up,
        forwarding(kind.format(up.url)) as emulator,
    ):
        url = f"{emulator.base_url}/chat/completions"
        with httpx.stream("POST", url, json={**SAY, "stream": True}, headers=CALLER) as answer:
            next(answer.iter_raw())
        assert up.left.wait(PATIENCE)
        assert entry(emulator)["outcome"] == "client gone"


def test_client_that_leaves_before_the_head_cancels_too() -> None:
    with raw_upstream(HOUR) as up, forwarding(f"vertex={up.url}") as emulator:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{emulator.base_url}/chat/completions", json=SAY, headers=CALLER, timeout=0.5)
        assert up.left.wait(PATIENCE)


@pytest.mark.parametrize("kind", ["vertex={}", "openai={}/v1"])
def test_stream_that_is_cut_is_cut_as_it_was(kind: str) -> None:
    script = head("200 OK", "text/event-stream", "transfer-encoding: chunked").replace(b"connection: close\r\n", b"")
    sent = event({"content": "a"}) + event({"content": "b"})
    with raw_upstream(script, b"%x\r\n%b\r\n" % (len(sent), sent)) as up, forwarding(kind.format(up.url)) as emulator:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(emulator, stream=True)
        found = entry(emulator)
        assert found["outcome"] == "cut"
        assert "broke off" in found["upstream"]["error"]


def test_parallel_streams_are_kept_apart() -> None:
    script = event({"content": "x"}), event({}, "stop") + DONE
    with raw_upstream(head(), *script) as up, forwarding(f"openai={up.url}/v1") as emulator:
        done: list[str] = []

        def run() -> None:
            done.append("".join(text or "" for text, _ in _texts(ask(emulator, stream=True))))

        threads = [threading.Thread(target=run) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == ["x"] * 40
    assert len(up.asked) == 40


def test_explain_asks_no_upstream(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(json.dumps(SAY))
    with raw_upstream(head("200 OK", "application/json"), b"{}") as up:
        options = ["--scenarios", "none", "--unmatched", "forward", "--upstream", f"vertex={up.url}"]
        command = [sys.executable, "-m", "gemulator", "explain", *options, str(tmp_path / "q.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "the upstream answers" in done.stdout
    assert not up.asked
