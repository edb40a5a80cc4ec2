"""Locations of models: refused, disputed and unknown ones."""

import pytest

from gemulator.dialects import DIALECTS
from gemulator.request.target import Target
from gemulator.server.auth.identity import with_host
from gemulator.service.catalog import Catalog, Endpoint, Model
from gemulator.service.locations import LOCATIONS, REGIONS
from tests.endpoint import Endpoint as Asked

NOT_FOUND = "was not found or your project does not have access to it"

REFUSED = [
    ("google/gemini-3-pro-preview", "europe-west4"),
    ("google/gemini-3.1-pro-preview", "us"),
    ("google/gemini-3-flash-preview", "us-central1"),
    ("google/gemini-2.5-flash", "eu"),
    ("google/gemini-2.0-flash-001", "us"),
    ("deepseek-ai/deepseek-v3.2-maas", "us-west2"),
    ("deepseek-ai/deepseek-v3.1-maas", "us-central1"),
    ("moonshotai/kimi-k2-thinking-maas", "us-central1"),
    ("zai-org/glm-5-maas", "us-east5"),
    ("meta/llama-4-scout-17b-16e-instruct-maas", "us-central1"),
    ("qwen/qwen3-235b-a22b-instruct-2507-maas", "us-east5"),
]
SERVED = [
    ("google/gemini-3-pro-preview", "global"),
    ("google/gemini-3.5-flash", "eu"),
    ("google/gemini-2.5-flash", "europe-west15"),
    ("google/gemini-2.0-flash-001", "global"),
    ("deepseek-ai/deepseek-v3.1-maas", "us-west2"),
    ("meta/llama-4-scout-17b-16e-instruct-maas", "us-east5"),
    ("meta/llama-3.3-70b-instruct-maas", "us-central1"),
    ("qwen/qwen3-235b-a22b-instruct-2507-maas", "us-south1"),
]
NOTED = [
    ("google/gemini-3.5-flash", "us-central1", "sources disagree"),
    ("google/gemini-3.8-flash", "asia-east1", "sources disagree"),
    ("google/gemini-3-pro-image-preview", "us", "sources disagree"),
    ("meta/llama-4-scout-17b-16e-instruct-maas", "global", "sources disagree"),
    ("google/gemini-2.5-flash", "narnia", "'narnia' is not one of the service's"),
    ("google/gemini-3-pro-preview", "us-central9", "'us-central9' is not one of the service's"),
]


@pytest.mark.parametrize(("model", "location"), REFUSED)
def test_model_elsewhere_is_not_found(model: str, location: str) -> None:
    answer = Asked().ask(model=model, location=location)
    publisher, name = model.split("/")
    assert answer.status == 404
    message = answer.error["message"]
    assert f"`projects/p/locations/{location}/publishers/{publisher}/models/{name}` {NOT_FOUND}" in message
    lenient = Asked(strictness="lenient").ask(model=model, location=location)
    assert (lenient.status, NOT_FOUND in lenient.headers["x-emulator-notes"]) == (200, True)


@pytest.mark.parametrize(("model", "location"), SERVED)
def test_model_answers_where_it_is_served(model: str, location: str) -> None:
    answer = Asked(strictness="strict").ask(model=model, location=location)
    assert answer.status == 200
    assert "x-emulator-notes" not in answer.headers


@pytest.mark.parametrize(("model", "location", "says"), NOTED)
def test_doubtful_location_is_noted(model: str, location: str, says: str) -> None:
    answer = Asked().ask(model=model, location=location)
    assert answer.status == 200
    assert says in answer.headers["x-emulator-notes"]
    assert Asked(strictness="strict").ask(model=model, location=location).status == 404


def test_locations_are_those_of_the_service() -> None:
    assert len(LOCATIONS) == len(set(REGIONS)) + 3 >= 48
    assert {"europe-west15", "us-central2", "us-east7", "us-west8", "global", "us", "eu"} <= LOCATIONS
    assert "narnia" not in LOCATIONS


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("us-west8-aiplatform.googleapis.com", "us-west8"),
        ("Europe-West4-aiplatform.googleapis.com:443", "europe-west4"),
        ("aiplatform.eu.rep.googleapis.com", "eu"),
        ("aiplatform.googleapis.com", "us-central1"),
        ("localhost:8089", "us-central1"),
        ("narnia-aiplatform.googleapis.com", "narnia"),
        ("aiplatform.narnia.rep.googleapis.com", "narnia"),
        ("a.narnia-aiplatform.googleapis.com", "us-central1"),
    ],
)
@pytest.mark.parametrize("endpoint", ["openapi", "123"])
def test_regional_host_decides_the_location(host: str, location: str, endpoint: str) -> None:
    target = Target("v1", "p", "us-central1", endpoint)
    assert with_host(target, host).location == location


@pytest.mark.parametrize(
    ("model", "right"),
    [
        ("models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("publishers/google/models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("projects/p/locations/global/publishers/meta/models/llama", "meta/llama"),
        ("gemini-2.5-flash", "publisher/model"),
        ("models/a/b", "publisher/model"),
    ],
)
def test_right_spelling_of_a_model_is_told(model: str, right: str) -> None:
    answer = Asked().ask(model=model)
    assert answer.status == 400
    assert "expected '<publisher>/<model>'" in answer.error["message"]
    assert f"write {right}" in answer.headers["x-emulator-hint"]


def test_users_catalog_sets_locations() -> None:
    tree = {
        "models": [{"id": "acme/m", "locations": ["moon", "europe-*"]}],
        "endpoints": [{"id": "7", "locations": ["us-*"]}],
    }
    catalog = Catalog.read(tree, dialects=DIALECTS)
    model = catalog.lookup("acme/m", Target("v1", "p", "global", "openapi"))
    assert isinstance(model, Model)
    assert [model.serves(name) for name in ("moon", "europe-west4", "us-east5")] == ["yes", "yes", "no"]
    assert isinstance(catalog.endpoint(Target("v1", "p", "us-east5", "7")), Endpoint)
    assert not isinstance(catalog.endpoint(Target("v1", "p", "global", "7")), Endpoint)
