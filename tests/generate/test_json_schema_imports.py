"""Import boundaries of the JSON Schema package."""

import pytest

from gemulator.generate import json_schema
from tests.test_layers import MODULES, imported

FENCED = "generate.json_schema"
MAY_IMPORT = ("core", FENCED, "generate.regex", "generate.reference_day")
# Modules that others import directly: the vocabulary shared with prompt hints, and external references.
SHARED = {f"{FENCED}.{name}" for name in ("document", "fake_words", "property_semantics")}


def is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_json_schema_imports_only_core_and_regex() -> None:
    inside = [name for name in MODULES if is_in(name, (FENCED,))]
    wrong = {(name, target) for name in inside for target in imported(MODULES[name]) if not is_in(target, MAY_IMPORT)}
    assert len(inside) > 20
    assert wrong == set()


@pytest.mark.slow
def test_others_import_the_public_names() -> None:
    outside = [name for name in MODULES if not is_in(name, (FENCED,))]
    targets = {target for name in outside for target in imported(MODULES[name]) if is_in(target, (FENCED,))}
    assert targets <= {FENCED, f"{FENCED}.value_for", *SHARED}  # `value_for` also names a module


def test_public_names() -> None:
    assert set(json_schema.__all__) == {"HintSource", "Unsatisfiable", "normalise", "problem_with", "value_for"}
