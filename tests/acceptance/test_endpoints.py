"""Endpoint ids: any of them, those of a catalog, dedicated ones by host name, and what GET says of one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from gemulator.core.errors import ScenarioError
from tests.acceptance.wire import post

DEDICATED = "mg-endpoint-d53ad9d2-f2ba-4b2c-9c1c-0f2b2a0b9c0a"
HOST = f"{DEDICATED}.us-central1-123456789012.prediction.vertexai.goog"
CATALOG = f"""
endpoints:
  - id: "4242"
    location: us-central1
    served: google/gemma-2-9b-it
    only_served: true
    context: 64
  - {{ id: {DEDICATED}, dedicated: true }}
"""
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello."}]}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    file = tmp_path_factory.mktemp("catalog") / "endpoints.yaml"
    file.write_text(CATALOG)
    with Emulator(catalog=file, endpoints="catalog", project="123456789012") as emulator:
        yield emulator


@pytest.mark.parametrize("model", [{}, {"model": ""}, {"model": "irrelevant"}, {"model": "a/b/c"}])
def test_any_id_and_any_model_answer_as_vllm(empty: Emulator, model: dict[str, str]) -> None:
    answer = post(empty, HELLO | model, base_url=empty.endpoint_url("987"))
    assert answer.status_code == 200
    assert answer.json()["id"].startswith("chatcmpl-")
    assert answer.json()["model"] == (model.get("model") or "google/gemma-3-27b-it")


def test_ids_that_begin_with_tgi_answer_as_tgi(empty: Emulator) -> None:
    answer = post(empty, HELLO | {"model": "tgi"}, base_url=empty.endpoint_url("tgi-demo")).json()
    assert (answer["id"], answer["model"]) == ("", "google/gemma-2-9b-it")


@pytest.mark.parametrize(
    ("endpoint", "location"), [("777", "us-central1"), ("4242", "europe-west4"), ("tgi-1", "us-central1")]
)
@pytest.mark.parametrize("content", [HELLO, b"{"])
def test_an_unknown_endpoint_is_google_s_404(listed: Emulator, endpoint: str, location: str, content: Any) -> None:
    answer = post(listed, content, base_url=listed.endpoint_url(endpoint, location))
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (404, "NOT_FOUND")
    name = f"projects/123456789012/locations/{location}/endpoints/{endpoint}"
    assert error["message"] == f"Endpoint `{name}` not found."


def test_a_wrong_model_is_the_container_s_404(listed: Emulator) -> None:
    url = listed.endpoint_url("4242")
    assert post(listed, HELLO, base_url=url).json()["model"] == "google/gemma-2-9b-it"
    answer = post(listed, HELLO | {"model": "gpt-4o"}, base_url=url)
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "message": "The model `gpt-4o` does not exist.",
            "type": "NotFoundError",
            "param": "model",
            "code": 404,
        }
    }


def test_the_window_is_the_catalog_s(listed: Emulator) -> None:
    answer = post(listed, HELLO | {"max_tokens": 64}, base_url=listed.endpoint_url("4242"))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "max_tokens")
    assert "maximum context length is 64 tokens" in error["message"]


def test_a_dedicated_endpoint_answers_on_its_own_host_only(listed: Emulator) -> None:
    url = listed.endpoint_url(DEDICATED)
    refused = post(listed, HELLO, base_url=url)
    error = refused.json()["error"]
    assert (refused.status_code, error["status"]) == (400, "FAILED_PRECONDITION")
    assert error["message"].endswith(f"using its dedicated domain name '{HOST}'")
    assert post(listed, HELLO, base_url=url, host=HOST).status_code == 200
    assert post(listed, HELLO, base_url=url).status_code == 400, "an answer on one host is none on the other"
    assert post(listed, HELLO, base_url=url, host=HOST.replace("mg-", "other-")).status_code == 400


def test_what_was_asked_on_a_dedicated_host_is_explained_as_asked_there(listed: Emulator) -> None:
    url = listed.endpoint_url(DEDICATED)
    path = httpx.URL(url).path + "/chat/completions"
    assert listed.admin.explain(HELLO, path=path)["status"] == 400
    assert listed.admin.explain(HELLO, path=path, headers={"host": HOST})["status"] == 200


def get(emulator: Emulator, url: str, token: str = "t") -> httpx.Response:
    return httpx.get(url, headers={"authorization": f"Bearer {token}"} if token else {})


def test_get_describes_an_endpoint(listed: Emulator) -> None:
    dedicated = get(listed, listed.endpoint_url(DEDICATED)).json()
    assert dedicated["name"] == f"projects/123456789012/locations/us-central1/endpoints/{DEDICATED}"
    assert (dedicated["dedicatedEndpointEnabled"], dedicated["dedicatedEndpointDns"]) == (True, HOST)
    shared = get(listed, listed.endpoint_url("4242")).json()
    assert shared["deployedModels"][0]["displayName"] == "google/gemma-2-9b-it"
    assert "dedicatedEndpointDns" not in shared


@pytest.mark.parametrize(
    ("endpoint", "token", "status"), [("777", "t", 404), (DEDICATED, "", 401), ("openapi", "t", 404)]
)
def test_get_refuses(listed: Emulator, endpoint: str, token: str, status: int) -> None:
    assert get(listed, listed.endpoint_url(endpoint), token).status_code == status


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{ id: a, dialect: latin }", "unknown dialect 'latin'; known: gemini, partner, tgi, vllm"),
        ("{ id: a, serves: b }", "unknown key 'serves'"),
        ("{ id: a, version: '0.7' }", "version: "),
        ("{ id: a, context: many }", "context: "),
    ],
)
def test_a_catalog_says_what_is_wrong_in_it(tmp_path: Path, entry: str, complaint: str) -> None:
    file = tmp_path / "endpoints.yaml"
    file.write_text(f"endpoints:\n  - {entry}\n")
    with pytest.raises(ScenarioError, match="catalog entry 'a'") as caught:
        Emulator(catalog=file).start()
    assert complaint in str(caught.value)
