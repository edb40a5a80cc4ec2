"""The page on parameters says of each field what the code does."""

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
    """First and second cell of the table whose first heading this is, names without back quotes."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines)
    return {name: treatment for name, treatment, *_ in cells}


def test_every_parameter_is_on_the_page() -> None:
    said = table("parameter")
    assert {name for name, what in said.items() if what == "effect"} == parameters.DOCUMENTED
    assert {name for name, what in said.items() if what == "refused"} == parameters.REFUSED
    assert set(table("`extra_body.google`")) == parameters.GOOGLE


def test_every_field_that_is_read_is_on_the_page() -> None:
    assert set(ChatRequest.__struct_fields__) - set(table("parameter")) == {"stream_options"}


@pytest.mark.parametrize("name", re.findall(r"`(\w+)`", PAGE[PAGE.index("| anything else |") :].split("\n")[0]))
def test_what_is_said_to_be_ignored_is(name: str) -> None:
    field: dict[str, Any] = {name: {}}
    assert Endpoint().ask(**field).headers["x-emulator-notes"] == f"ignored: {name}"
    assert Endpoint(strict_params=True).ask(**field).status == 400


@pytest.mark.parametrize("name", sorted(parameters.GOOGLE))
def test_google_options_are_known_under_strict(name: str) -> None:
    refused = Endpoint(strict_params=True).ask(extra_body=google(**{name: None}), google={name: None})
    assert refused.status == 200


def test_the_names_of_refusals_exist() -> None:
    section = PAGE[PAGE.index("## Refusals") : PAGE.index("## Thought signatures")]
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", section))
    assert named <= set(REFUSALS)
    assert len(named) > 30
