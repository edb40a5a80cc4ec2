"""Strictness by session and header, and the traces that a tolerated request leaves."""

from collections.abc import Iterator

import httpx
import pytest

from gemulator import Emulator

CHAT = "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
BODY = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "Hi"}], "temperature": 9}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


def post(url: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{url}{CHAT}", json=BODY, headers={"authorization": "Bearer x"} | named, timeout=60)


def test_session_setting_applies_to_its_requests(emulator: Emulator) -> None:
    session = emulator.session(strictness="lenient")
    lenient = post(emulator.url, authorization=f"Bearer {session.token}")
    other = post(emulator.url)
    assert (lenient.status_code, other.status_code) == (200, 400)


def test_tolerated_refusal_is_journaled_and_found(emulator: Emulator) -> None:
    name = emulator.session().name
    answer = post(emulator.url, x_emulator_session=name, x_emulator_strictness="lenient")
    assert "temperature value of 9" in answer.headers["x-emulator-notes"]
    (entry,) = emulator.admin.entries(session=name)
    (finding,) = emulator.admin.verdict(name)
    assert "temperature value of 9" in entry["tolerated"][0]
    assert finding["kind"] == "sent what the service refuses"


def test_lenient_makes_as_many_answers_as_asked() -> None:
    body = BODY | {"temperature": 1, "n": 9}
    with Emulator(strictness="lenient") as emulator:
        answer = httpx.post(f"{emulator.url}{CHAT}", json=body, headers={"authorization": "Bearer x"}, timeout=60)
    assert len(answer.json()["choices"]) == 9
    assert "candidateCount is 9" in answer.headers["x-emulator-notes"]


def test_unknown_strictness_names_the_words(emulator: Emulator) -> None:
    answer = post(emulator.url, x_emulator_strictness="kind")
    assert answer.status_code == 400
    assert "use `lenient`, `service` or `strict`" in answer.text


def test_regional_host_decides_over_the_path(emulator: Emulator) -> None:
    body = BODY | {"model": "google/gemini-3-flash-preview", "temperature": 1}
    headers = {"authorization": "Bearer x"}
    answers = [
        httpx.post(f"{emulator.url}{CHAT}", json=body, headers={**headers, "host": host}, timeout=60)
        for host in (
            "aiplatform.googleapis.com",
            "us-central1-aiplatform.googleapis.com",
            "global-aiplatform.googleapis.com",
        )
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert "locations/us-central1/publishers/google/models/gemini-3-flash-preview" in answers[1].text
    assert "no host global-aiplatform.googleapis.com exists" in answers[2].text
