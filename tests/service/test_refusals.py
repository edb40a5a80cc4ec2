"""Google's refusals (wire-facts §6) by name and by status."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gemulator
from gemulator.scenario.replies.error_presets import refusal
from gemulator.service.refusals import REFUSALS, default_for_status, refuse


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_has_default_values(name: str) -> None:
    failure = refusal(name)
    assert failure.message
    assert "{" not in failure.message
    assert failure.status == REFUSALS[name].status


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_says_cause_and_remedy(name: str) -> None:
    failure = refuse(name)
    for text in (failure.cause, failure.remedy):
        assert (text.isascii(), text.isprintable()) == (True, True)
        assert ("{" in text, text.endswith(".")) == (False, False)
    assert failure.hint == f"{failure.cause}; to go on: {failure.remedy}"


def _failures(tree: ast.AST) -> Iterator[ast.Call]:
    names = {"Failure", "invalid"}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in names)


# What is no refusal of a request: errors of scenarios, faults and upstreams, and what ends a stream.
UNHINTED = {"error_presets.py", "sse.py", "retell.py", "stream_failure", "CANCELLED"}


@pytest.mark.slow
def test_no_refusal_is_made_without_a_hint() -> None:
    package = Path(gemulator.__file__).parent
    found, bare = 0, []
    for file in package.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        for call in _failures(ast.parse(source)):
            found += 1
            line = source.splitlines()[call.lineno - 1]
            if {"cause", "remedy"} - {word.arg for word in call.keywords} and not (
                file.name in UNHINTED or line.split(" = ")[0].strip() in UNHINTED
            ):
                bare.append(f"{file.name}:{call.lineno}")
    assert (bare, found > 10) == ([], True)


@pytest.mark.parametrize(
    ("status", "code", "start"),
    [
        (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        (401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token"),
        (403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform"),
        (404, "NOT_FOUND", "Publisher Model `projects/"),
        (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later. Please refer to https://cloud"),
        (499, "CANCELLED", ""),
        (500, "INTERNAL", ""),
        (503, "UNAVAILABLE", "The service is currently unavailable."),
        (504, "DEADLINE_EXCEEDED", ""),
        (418, "INVALID_ARGUMENT", ""),
        (599, "INTERNAL", ""),
    ],
)
def test_status_selects_its_first_refusal(status: int, code: str, start: str) -> None:
    failure = refusal(status)
    assert (failure.status, failure.code) == (status, code)
    assert failure.message.startswith(start)


def test_values_are_filled_into_message_and_details() -> None:
    failure = refuse("no-permission", project="p", location="l", endpoint="openapi")
    resource = "projects/p/locations/l/endpoints/openapi"
    assert f"'//aiplatform.googleapis.com/{resource}'" in failure.message
    assert failure.details[0]["metadata"]["resource"] == resource
    assert failure.details[0]["reason"] == "IAM_PERMISSION_DENIED"


def test_field_is_named_in_the_details() -> None:
    failure = refuse("unknown-field", at="prefill", key="prefill", where="")
    assert failure.details[0]["fieldViolations"] == [{"field": "prefill", "description": failure.message}]


def test_scenario_message_drops_the_default_details() -> None:
    assert refusal(401, "No.").details == ()
    assert refusal(401).details != ()


def test_default_for_404_is_model_not_found() -> None:
    assert default_for_status(404).name == "model-not-found"
