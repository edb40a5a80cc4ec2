"""Catalog lookup, inheritance and validation."""

from pathlib import Path

import pytest

import gemulator
from gemulator.core.errors import ScenarioError
from gemulator.core.plan import Failure
from gemulator.engine.catalog_file import read_catalog
from gemulator.request.target import Target
from gemulator.service.catalog import Catalog, Model

SHARED = Target("v1", "p", "global", "openapi")
SHIPPED = Path(gemulator.__file__).with_name("service").joinpath("catalog.yaml")


def lookup(catalog: Catalog, model: str) -> Model:
    found = catalog.lookup(model, SHARED)
    assert isinstance(found, Model)
    return found


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return read_catalog(SHIPPED)


@pytest.mark.parametrize(
    ("model", "family", "listed"),
    [
        ("google/gemini-3.1-pro-preview", "gemini-3", True),
        ("google/gemini-3-pro-image-preview", "gemini-3-image", True),
        ("google/gemini-3.9-ultra", "gemini-3", False),
        ("google/gemini-2.5-flash", "gemini-2.5", True),
        ("google/gemini-2.0-flash-001", "gemini-2.0", True),
        ("google/gemini-9-flash", "gemini-2.0", False),
        ("acme/rocket", "open", False),
    ],
)
def test_lookup_returns_family_and_listing(shipped: Catalog, model: str, family: str, listed: bool) -> None:
    found = lookup(shipped, model)
    assert (found.family, not found.is_fallback) == (family, listed)


@pytest.mark.parametrize(
    "model", ["gemini-3.5-flash", "publishers/google/models/gemini-3.5-flash", "", "google/", "a b/c"]
)
def test_lookup_of_malformed_id_is_refused(shipped: Catalog, model: str) -> None:
    found = shipped.lookup(model, SHARED)
    assert isinstance(found, Failure)
    assert found.message.startswith(f"Malformed publisher model (`model`: '{model}')")


def test_user_entry_precedes_shipped_and_inherits_family(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("models:\n  - { id: google/gemini-3.5-flash, family: gemini-3, max_output: 100 }\n")
    found = lookup(read_catalog(file, SHIPPED), "google/gemini-3.5-flash")
    assert (found.max_output, found.context, found.signs, found.refuses) == (100, 1_048_576, True, ("logprobs",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [{ id: x/y, colour: red }]", "unknown key 'colour'"),
        ("models: [{ id: x/y, context: many }]", "context: Expected `int | null`, got `str`"),
        ("models: [{ family: gemini-3 }]", "missing required field `id`"),
        ("models: [{ id: x/y, pace: { slow: 1 } }]", "pace: Object contains unknown field `slow`"),
        ("models: [7]", "catalog entry 7 must be a mapping"),
        ("models: { id: x/y }", "'models' must be a list of entries"),
        ("families: [1]\nmodels: []", "'families' must be a mapping of entries, got [1]"),
        ("families: { gemini-3: 7 }\nmodels: [{ id: x/y, family: gemini-3 }]", "'families'"),
    ],
)
def test_invalid_entry_is_named_in_the_error(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=r"own\.yaml") as caught:
        read_catalog(file, SHIPPED)
    assert message in str(caught.value)


def test_thinking_models_have_a_thinking_pace(shipped: Catalog) -> None:
    thinking = [model for model in shipped._models if model.is_gemini and model.can_think]
    assert len(thinking) > 10
    assert all(model.pace.thinking_tokens_per_second > 0 for model in thinking)
