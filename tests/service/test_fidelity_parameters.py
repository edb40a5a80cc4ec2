"""Agreement of docs/fidelity.md with the code on parameters."""

import re
from pathlib import Path
from typing import Any

import pytest

from gemulator.request.body import ChatRequest
from gemulator.service.refusals import REFUSALS
from gemulator.service.rules import parameters
from tests.endpoint import Endpoint, google

PAGE = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """Return the first two columns of the table with this first heading, without back quotes."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines)
    return {name: treatment for name, treatment, *_ in cells}


def test_documented_parameters_are_on_the_page() -> None:
    documented = table("parameter")
    assert {name for name, effect in documented.items() if effect == "effect"} == parameters.DOCUMENTED
    assert {name for name, effect in documented.items() if effect == "refused"} == parameters.REFUSED
    assert set(table("`extra_body.google`")) == parameters.GOOGLE


def test_parsed_fields_are_on_the_page() -> None:
    assert set(ChatRequest.__struct_fields__) - set(table("parameter")) == {"stream_options"}


@pytest.mark.parametrize("name", re.findall(r"`(\w+)`", PAGE[PAGE.index("| anything else |") :].split("\n")[0]))
def test_fields_documented_as_ignored_are_ignored(name: str) -> None:
    field: dict[str, Any] = {name: {}}
    assert Endpoint().ask(**field).headers["x-emulator-notes"] == f"ignored: {name}"
    assert Endpoint(strict_params=True).ask(**field).status == 400


@pytest.mark.parametrize("name", sorted(parameters.GOOGLE))
def test_google_options_are_known_with_strict_params(name: str) -> None:
    refused = Endpoint(strict_params=True).ask(extra_body=google(**{name: None}), google={name: None})
    assert refused.status == 200


def test_documented_refusal_names_exist() -> None:
    section = PAGE[PAGE.index("## Refusals") : PAGE.index("## Hints")]
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", section))
    assert named <= set(REFUSALS)
    assert len(named) > 30
