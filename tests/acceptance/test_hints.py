"""Cause and remedy of refusals: header, journal, log; gemulator's own refusals; neighbours of the chat path."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gemulator import Emulator
from tests.acceptance.wire import ask, post

CAUSE = "the call `get_weather` came back without its `extra_content`; openai-node's runTools"
REMEDY = "keep the assistant message as it came"
CALL = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
UNSIGNED: list[dict[str, Any]] = [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c", "content": "21"},
]
ROUTES = ["openapi", "vllm-1", "tgi-1"]
MODELS = ["google/gemini-3.5-flash", "zai-org/glm-5-maas"]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Nothing matches but `broken`, whose template needs a field that no request here has."""
    file = tmp_path_factory.mktemp("scenarios") / "broken.yaml"
    file.write_text("turns: [{ when: { user: broken }, reply: 'It is {{ body.city }}.' }]")
    with Emulator(scenarios=file, unmatched="error") as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_refusal_says_cause_and_remedy_in_header_and_journal(emulator: Emulator, stream: bool) -> None:
    session = emulator.session()
    answer = post(session, ask("", messages=UNSIGNED, stream=stream))
    hint = answer.headers["x-emulator-hint"]
    assert hint.startswith(CAUSE)
    assert REMEDY in hint
    assert hint.endswith("or `--strictness lenient`")
    assert "extra_content" not in answer.text
    (entry,) = emulator.admin.entries(session=session.name)
    assert entry["hint"] == hint


@pytest.mark.parametrize("style", ["plain", "json"])
def test_refusal_says_cause_and_remedy_in_the_log(style: Any) -> None:
    with redirect_stderr(io.StringIO()) as log, Emulator(log_format=style) as running:
        post(running, ask("", messages=UNSIGNED))
    lines = log.getvalue().splitlines()
    if style == "json":
        assert json.loads(lines[0])["hint"].startswith(CAUSE)
    else:
        assert lines[1].startswith("    Function call is missing a thought_signature")
        assert lines[2].startswith(f"    {CAUSE}")


def test_errors_of_scenarios_have_no_hint(emulator: Emulator) -> None:
    session = emulator.session()
    session.when(user="Hi").fail(429)
    answer = post(session, ask("Hi"))
    assert (answer.status_code, "x-emulator-hint" in answer.headers) == (429, False)
    assert isinstance(answer.json(), list)


# ---- refusals of gemulator itself


def own_refusals(emulator: Emulator, route: str, model: str) -> Iterator[tuple[str, httpx.Response]]:
    """Yield name and answer of each kind of refusal that is gemulator's own."""
    base_url = emulator.base_url if route == "openapi" else emulator.endpoint_url(route)

    def send(text: str, token: str = "", **headers: str) -> httpx.Response:
        named = {"authorization": f"Bearer {token or emulator.token}", **headers}
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        return httpx.post(f"{base_url}/chat/completions", json=body, headers=named, timeout=60)

    yield "unmatched", send("Hello")
    yield "wrong header", send("Hello", **{"x-emulator-wire": "copper"})
    yield "unknown scenario", send("Hello", **{"x-emulator-scenario": "nothing"})
    yield "unusable reply", send("broken")
    session = emulator.session()
    session.close()
    yield "ended session", send("Hello", session.token)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("model", MODELS)
def test_own_refusals_are_objects_with_a_hint(emulator: Emulator, route: str, model: str) -> None:
    for name, answer in own_refusals(emulator, route, model):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, 400), name
        assert error["message"].startswith("gemulator: "), name
        assert answer.headers["x-emulator-hint"], name


def test_own_refusal_is_shown_by_openai_python(emulator: Emulator) -> None:
    with (
        openai.OpenAI(base_url=emulator.base_url, api_key=emulator.token, max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.chat.completions.create(model=MODELS[0], messages=[{"role": "user", "content": "Hello"}])
    assert "gemulator: No turn matches this request" in str(caught.value)
    body: Any = caught.value.body
    assert body["message"].startswith("gemulator: ")
    assert "to go on: " in caught.value.response.headers["x-emulator-hint"]


def test_refusals_of_the_service_stay_arrays(emulator: Emulator) -> None:
    assert isinstance(post(emulator, ask("", messages=UNSIGNED)).json(), list)


# ---- neighbours

PARENT = "/v1/projects/p/locations/global"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{PARENT}/endpoints/openapi/completions", "text completions"),
        (f"{PARENT}/endpoints/openapi/embeddings", "embeddings"),
        (f"{PARENT}/endpoints/openapi/responses", "the Responses API"),
        (f"{PARENT}/publishers/google/models/gemini-2.5-flash:generateContent", "the native method generateContent"),
        (f"{PARENT}/publishers/google/models/m:streamGenerateContent", "the native method streamGenerateContent"),
        (f"{PARENT}/publishers/google/models/m:countTokens", "the native method countTokens"),
        (f"{PARENT}/publishers/google/models/m:embedContent", "the native method embedContent"),
        (f"{PARENT}/publishers/google/models/m:predict", "the native method predict"),
        (f"{PARENT}/publishers/anthropic/models/m:rawPredict", "the native method rawPredict"),
        (f"{PARENT}/publishers/anthropic/models/m:streamRawPredict", "the native method streamRawPredict"),
        (f"{PARENT}/publishers/google/models/m:computeTokens", "the native method computeTokens"),
        (f"{PARENT}/publishers/google/models/m:predictLongRunning", "the native method predictLongRunning"),
        (f"{PARENT}/cachedContents", "cached contents"),
        (f"{PARENT}/cachedContents/7", "cached contents"),
        (f"{PARENT}/endpoints/123:predict", "the method predict of endpoints"),
        (f"{PARENT}/endpoints/123:rawPredict", "the method rawPredict of endpoints"),
        (f"{PARENT}/endpoints/123:streamGenerateContent", "the method streamGenerateContent of endpoints"),
        (f"{PARENT}/endpoints/123:streamRawPredict", "the method streamRawPredict of endpoints"),
        (f"{PARENT}/endpoints/123/invoke/v1/chat", "invoke of endpoints"),
        ("/v1beta1/projects/p/locations/global/interactions", "the Interactions API"),
        ("/v1beta1/publishers/google/models", "Google's model catalogue"),
        ("/v1/publishers/google/models/gemini-2.5-flash", "an entry of Google's model catalogue"),
        (f"{PARENT}/tuningJobs", "the resource tuningJobs"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_real_neighbour_says_so(emulator: Emulator, method: str, path: str, name: str) -> None:
    answer = httpx.request(method, f"{emulator.url}{path}", timeout=60)
    assert (answer.status_code, "Error 404 (Not Found)!!1" in answer.text) == (404, True)
    hint = answer.headers["x-emulator-hint"]
    assert hint.startswith(f"real, not emulated: {name}; emulated are POST ")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"{PARENT}/endpoints/openapi/models", "an endpoint has no /models"),
        ("/v1beta/openai/chat/completions", "/v1beta belongs to generativelanguage.googleapis.com"),
        (f"{PARENT}/publishers/google/models/m:dream", "emulated are"),
        (f"{PARENT}/endpoints/123:embedContent", "emulated are"),
        (f"{PARENT}/endpoints/openapi/dreams", "emulated are"),
        ("/v1/models", "an endpoint has no /models"),
    ],
)
def test_unreal_path_says_so(emulator: Emulator, path: str, says: str) -> None:
    answer = httpx.post(f"{emulator.url}{path}", json={}, timeout=60)
    assert answer.status_code == 404
    assert answer.headers["x-emulator-hint"].startswith(f"not real on the service: {says}")


def test_no_hint_is_sent_where_headers_are_off() -> None:
    with Emulator(emulator_headers=False, unmatched="error") as running:
        answers = [
            post(running, ask("Hello")),
            post(running, ask("", messages=UNSIGNED)),
            httpx.post(f"{running.url}{PARENT}/endpoints/openapi/embeddings", json={}, timeout=60),
            httpx.post(f"{running.base_url}/chat/completions", json={}, timeout=60),
        ]
    assert not [name for answer in answers for name in answer.headers if "emulator" in name]


def test_hint_of_a_key_in_the_request_does_not_repeat_it(emulator: Emulator) -> None:
    key = "AIza" + "x" * 35
    for body in (ask(key, model=key), ask("Hi", reasoning_effort=key), ask("Hi", tool_choice=key)):
        answer = post(emulator, body)
        assert answer.status_code == 400
        assert key not in answer.headers["x-emulator-hint"]


def test_page_names_the_emulated_paths(tmp_path: Path) -> None:
    """What the hint of a neighbour names as emulated is answered."""
    with Emulator() as running:
        assert post(running, ask("Hello")).status_code == 200
        assert post(running, ask("Hello"), base_url=running.endpoint_url("123")).status_code == 200
        described = httpx.get(f"{running.url}{PARENT.replace('global', 'us-central1')}/endpoints/123", timeout=60)
    assert described.status_code in {200, 401}
