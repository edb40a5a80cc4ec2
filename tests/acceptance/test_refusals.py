"""Bad input gets the service's own error and never a 500."""

import gzip
import json
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from tests.acceptance.wire import ask, post

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "google/gemini-3.5-flash", "messages": HELLO, **fields}


def extra(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Hello", "extra_content": content}]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "Invalid JSON payload"),
        (b"{", "Invalid JSON payload"),
        (b'{"model": NaN}', "Invalid JSON payload"),
        (b'{"a": "\\ud800"}', "Invalid JSON payload"),
        (b"\xff\xfe", "Invalid JSON payload received. The body is not valid UTF-8."),
        (b"[" * 100_000, "Invalid JSON payload"),
        (b"[]", "Root element must be a message"),
        (b'{"messages": [], "tools": ' + b"[" * 300 + b"]" * 300 + b"}", "Message too deep"),
        (body(messages=[]), "'messages'"),
        ({"model": "google/gemini-3.5-flash"}, "Missing required field 'messages'"),
        (body(messages="hello"), "'messages' (TYPE_MESSAGE), \"hello\""),
        (body(messages=[{"content": "x"}]), "Missing required field 'messages[0].role'"),
        (body(messages=[{"role": "wizard", "content": "x"}]), "'messages[0].role' to be one of: 'assistant'"),
        (body(messages=[{"role": None, "content": "x"}]), "'user'; found null."),
        (body(messages=[{"role": True, "content": "x"}]), "'user'; found true."),
        (body(messages=[{"role": {"a": None}, "content": "x"}]), "'user'; found {\"a\":null}."),
        (body(messages=[{"role": "user", "content": 7}]), "'messages[0].content'"),
        (body(messages=[{"role": "user", "content": [{"type": "text", "text": 7}]}]), "'messages[0].content[0].text'"),
        (body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": 1}]}]), "content[0].image_url"),
        (body(extra_body={"google": "x"}), "'extra_body.google' (TYPE_MESSAGE), \"x\""),
        (body(extra_body={"google": []}), "'extra_body.google' (TYPE_MESSAGE), []"),
        (body(google="x"), "'google' (TYPE_MESSAGE), \"x\""),
        (body(messages=extra({"google": "x"})), "'messages[0].extra_content.google' (TYPE_MESSAGE), \"x\""),
        (body(messages=extra({"google": {"thought": "yes"}})), 'extra_content.google.thought\' (TYPE_BOOL), "yes"'),
        (body(messages=extra({"google": {"parts": "x"}})), 'extra_content.google.parts\' (TYPE_MESSAGE), "x"'),
        (
            body(messages=extra({"google": {"parts": [1]}})),
            "'messages[0].extra_content.google.parts[0]' (TYPE_MESSAGE), 1",
        ),
        (
            body(messages=[{"role": "user", "content": [{"type": "text", "extra_content": {"google": 1}}]}]),
            "'messages[0].content[0].extra_content.google' (TYPE_MESSAGE), 1",
        ),
        (
            body(messages=[{"role": "assistant", "tool_calls": [{"function": {"name": "f"}, "extra_content": [1]}]}]),
            "'messages[0].tool_calls[0].extra_content' (TYPE_MESSAGE), [1]",
        ),
        (body(n=[1]), "'n' (TYPE_INT32), [1]"),
        (body(stream="yes"), "'stream' (TYPE_BOOL), \"yes\""),
        (body(temperature="hot"), "'temperature' (TYPE_DOUBLE), \"hot\""),
        (body(tools=[7]), "'tools[0]'"),
        (body(stop=[1]), "'stop"),
        (body(model="gemini-3.5-flash"), "Malformed publisher model (`model`: 'gemini-3.5-flash')"),
        (body(model=""), "Malformed publisher model"),
    ],
)
def test_malformed_requests_get_400_in_an_array(empty: Emulator, sent: Any, says: str) -> None:
    answer = post(empty, sent)
    assert answer.status_code == 400
    error = answer.json()[0]["error"]
    assert says in error["message"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")


def test_the_layout_of_an_error_is_the_captured_one(empty: Emulator) -> None:
    assert post(empty, body(model="x")).text == (
        "[{\n"
        '  "error": {\n'
        '    "code": 400,\n'
        "    \"message\": \"Malformed publisher model (`model`: 'x') for the 'openapi' request endpoint ID;"
        " expected '<publisher>/<model>'.\",\n"
        '    "status": "INVALID_ARGUMENT"\n'
        "  }\n"
        "}\n"
        "]\n"
    )


def test_an_endpoint_answers_with_an_object(empty: Emulator) -> None:
    answer = post(empty, b"{", base_url=empty.endpoint_url("123"))
    assert answer.status_code == 400
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_id": "x"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,!!!"}},
        {"type": "hologram", "hologram": {"depth": 3}},
        {"type": "input_audio", "input_audio": {"data": "gs://b/a.mp3", "format": "mp3"}},
    ],
    ids=lambda part: str(part["type"]),
)
def test_odd_parts_are_accepted_and_counted(empty: Emulator, part: dict[str, Any]) -> None:
    alone = post(empty, ask("Hello")).json()["usage"]["prompt_tokens"]
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello"}, part]}]
    answer = post(empty, ask("", messages=messages))
    assert answer.status_code == 200
    assert answer.json()["usage"]["prompt_tokens"] > alone


def test_a_missing_token_is_the_documented_401(empty: Emulator) -> None:
    answer = httpx.post(f"{empty.base_url}/chat/completions", json=ask("Hello"))
    assert answer.status_code == 401
    error = answer.json()[0]["error"]
    assert error["message"].startswith("Request is missing required authentication credential.")
    assert error["details"][0]["reason"] == "CREDENTIALS_MISSING"
    assert "--auth open" in answer.headers["x-emulator-hint"]


def test_open_needs_no_token() -> None:
    with Emulator(auth="open") as emulator:
        assert httpx.post(f"{emulator.base_url}/chat/completions", json=ask("Hello")).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_413(chunked: bool) -> None:
    big = json.dumps(ask("x" * 5000)).encode()
    with Emulator(openapi_limit=1000) as emulator:
        headers = {"authorization": "Bearer x"}
        sent = (piece for piece in (big[:2000], big[2000:])) if chunked else big
        answer = httpx.post(f"{emulator.base_url}/chat/completions", content=sent, headers=headers)
    assert answer.status_code == 413
    assert "exceeds the limit: 1000 bytes" in answer.json()[0]["error"]["message"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/projects/p/locations/l/endpoints/openapi/chat/completions", "/v1"),
        ("/v1/projects/p/locations/l/endpoints/openapi/models", "/models"),
        ("/v1beta1/publishers/google/models", "real, not emulated: Google's model catalogue"),
        ("/v1/projects/p//locations/l/endpoints/openapi/chat/completions", "did you mean /v1/projects/p/locations/l/"),
        ("/v1/projects//p/locations/l/endpoints/openapi/chat/completions", "did you mean /v1/projects/p/locations/l/"),
        ("/v1/projects//locations/l/endpoints/openapi/chat/completions", "the project in the path is empty"),
        ("/v1/projects/p/locations//endpoints/openapi/chat/completions", "the location in the path is empty"),
        (
            "/v1/projects//locations//endpoints/openapi/chat/completions",
            "the project and the location in the path are empty",
        ),
        ("/v1/projects/p/locations/l/endpoints/openapi", "/chat/completions"),
        ("/v1/chat/completions", "/v1/projects/PROJECT"),
        ("/nowhere", "not real on the service: emulated are POST .../endpoints/openapi/chat/completions"),
    ],
)
def test_unknown_paths_are_google_s_page(empty: Emulator, path: str, hint: str) -> None:
    answer = httpx.post(f"{empty.url}{path}", json=ask("Hello"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    assert "Error 404 (Not Found)!!1" in answer.text
    assert hint in answer.headers["x-emulator-hint"]


@pytest.mark.parametrize("hints", [True, False])
def test_a_compressed_body_is_refused_with_a_hint(hints: bool) -> None:
    with Emulator(emulator_headers=hints) as emulator:
        body = gzip.compress(json.dumps(ask("Hello")).encode())
        answer = post(emulator, body, content_encoding="gzip")
        plain = post(emulator, b"{", content_encoding="gzip")
        fine = post(emulator, ask("Hello"), content_encoding="gzip")
    assert "The body is not valid UTF-8." in answer.json()[0]["error"]["message"]
    assert ["Content-Encoding" in one.headers.get("x-emulator-hint", "") for one in (answer, plain)] == [hints, hints]
    assert (fine.status_code, "x-emulator-hint" in fine.headers) == (200, False)


def test_a_stray_question_mark_is_tolerated(empty: Emulator) -> None:
    answer = httpx.post(f"{empty.base_url}/chat/completions?", json=ask("Hello"), headers={"authorization": "Bearer x"})
    assert answer.status_code == 200


def test_a_browser_that_opens_the_address_is_told_where_to_go(empty: Emulator) -> None:
    page = httpx.get(f"{empty.url}/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=UTF-8")
    assert "/endpoints/openapi/chat/completions" in page.headers["x-emulator-hint"]
    assert "/endpoints/openapi/chat/completions" in page.text


def test_without_headers_of_its_own_the_page_is_googles_alone() -> None:
    with Emulator(emulator_headers=False) as emulator:
        pages = [
            httpx.get(f"{emulator.url}{path}", headers={"accept": "text/html"})
            for path in ("/", "/v1/chat/completions", "/oauth2/v9", emulator.base_url.removeprefix(emulator.url))
        ]
        pages.append(httpx.get(f"{emulator.base_url}/chat/completions"))
    assert {page.status_code for page in pages} == {404}
    assert not [name for page in pages for name in page.headers if "emulator" in name]
    assert "gemulator" not in pages[0].text


def test_a_get_is_not_served(empty: Emulator) -> None:
    answer = httpx.get(f"{empty.base_url}/chat/completions")
    assert answer.status_code == 404
    assert "POST" in answer.headers["x-emulator-hint"]


def test_browsers_may_read_answers(empty: Emulator) -> None:
    page = {"origin": "http://localhost:5173"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-stainless-os"}
    preflight = httpx.options(f"{empty.base_url}/chat/completions", headers={**page, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "x-stainless-os" in preflight.headers["access-control-allow-headers"]
    answer = post(empty, ask("Hello"), **page)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get_list("vary") == ["X-Origin, Referer, Origin, Accept-Encoding"]


@pytest.mark.parametrize("stream", [False, True])
def test_what_an_answer_varies_with_is_said_in_three_lines_as_captured(empty: Emulator, stream: bool) -> None:
    answer = post(empty, ask("Hello", stream=stream))
    assert answer.headers.get_list("vary") == ["X-Origin", "Referer", "Origin,Accept-Encoding"]


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://evil.example"])
def test_preflight_allows_the_private_network_if_asked(origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    private = {"access-control-request-private-network": "true"}
    with Emulator(cors="http://localhost:5173") as emulator:
        plain, allowed = (
            httpx.options(f"{emulator.base_url}/chat/completions", headers=asked | more) for more in ({}, private)
        )
    assert {plain.status_code, allowed.status_code} == {200 if "localhost" in origin else 400}
    assert "access-control-allow-private-network" not in plain.headers
    assert allowed.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("origins", ["*", "http://localhost:5173"])
@pytest.mark.parametrize("path", ["/nowhere", "/v1/projects/p/locations/l/endpoints/9"])
def test_a_browser_is_told_of_every_page_that_it_varies_with_the_origin(origins: str, path: str) -> None:
    with Emulator(cors=origins) as emulator:
        answer = httpx.get(f"{emulator.url}{path}", headers={"origin": "http://localhost:5173"})
    assert "Origin" in answer.headers.get_list("vary", split_commas=True)


def test_unmatched_requests_can_be_refused_with_the_reason(tmp_path: Any) -> None:
    (tmp_path / "weather.yaml").write_text("turns:\n  - when: { user: weather, turn: 2 }\n    reply: Sunny.\n")
    with Emulator(scenarios=tmp_path, unmatched="error") as emulator:
        answer = post(emulator, ask("How is the weather?"))
    assert answer.status_code == 400
    assert answer.headers["x-emulator-error"] == "unmatched"
    assert "weather/1: turn: expected 2, saw 1" in answer.json()["error"]["message"]
    assert "`--unmatched generate`" in answer.headers["x-emulator-hint"]


def test_no_header_has_what_a_header_may_not_have(empty: Emulator) -> None:
    """h11, which httpx reads with, takes no head with control characters."""
    answer = post(empty, {**ask("Hello"), "a\x01b\r\nc": 1}, authorization="Bearer emulator.a%00b")
    assert answer.headers["x-emulator-session"] == "ab"
    assert answer.headers["x-emulator-notes"] == "ignored: ab c"
    many = post(empty, ask("Hello") | {f"unknown-{number}": 1 for number in range(4_500)})
    assert 1_000 < len(many.headers["x-emulator-notes"]) < 4_000
    odd = httpx.post(f"{empty.url}/v1//%0d%0ax-injected:%20yes/%00%01", json={})
    assert (odd.status_code, "x-injected" in odd.headers) == (404, False)
