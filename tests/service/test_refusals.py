"""Google's words for refusals (wire-facts §6), by name and by status."""

import pytest

from gemulator.scenario.replies.error_presets import refusal
from gemulator.service.refusals import REFUSALS, default_for_status, refuse


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_has_words_without_a_request(name: str) -> None:
    failure = refusal(name)
    assert failure.message
    assert "{" not in failure.message
    assert failure.status == REFUSALS[name].status


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
def test_a_status_means_its_first_refusal(status: int, code: str, start: str) -> None:
    failure = refusal(status)
    assert (failure.status, failure.code) == (status, code)
    assert failure.message.startswith(start)


def test_values_fill_message_and_details() -> None:
    failure = refuse("no-permission", project="p", location="l", endpoint="openapi")
    resource = "projects/p/locations/l/endpoints/openapi"
    assert f"'//aiplatform.googleapis.com/{resource}'" in failure.message
    assert failure.details[0]["metadata"]["resource"] == resource
    assert failure.details[0]["reason"] == "IAM_PERMISSION_DENIED"


def test_a_field_is_named_in_the_details() -> None:
    failure = refuse("unknown-field", at="prefill", key="prefill", where="")
    assert failure.details[0]["fieldViolations"] == [{"field": "prefill", "description": failure.message}]


def test_an_authors_own_words_leave_no_foreign_details() -> None:
    assert refusal(401, "No.").details == ()
    assert refusal(401).details != ()


def test_usual_is_the_refusal_itself() -> None:
    assert default_for_status(404).name == "model-not-found"
