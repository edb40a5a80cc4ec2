"""Google's 403s by an access policy."""

from pathlib import Path

import pytest

from gemulator.core.errors import ScenarioError
from gemulator.request.target import Target
from gemulator.server.auth.policy import Policy, read_policy

DEV = "gemulator-dev@demo.iam.gserviceaccount.com"
POLICY = """
projects: [demo, archive]
api_disabled: [archive]
identities:
  reader@demo.iam.gserviceaccount.com: []
  "*": [demo, archive]
"""


def policy(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    return read_policy(file)


@pytest.mark.parametrize(
    ("identity", "project", "message", "info"),
    [
        (
            "reader@demo.iam.gserviceaccount.com",
            "demo",
            "Permission 'aiplatform.endpoints.predict' denied on resource"
            " '//aiplatform.googleapis.com/projects/demo/locations/global/endpoints/openapi' (or it may not exist).",
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "IAM_PERMISSION_DENIED",
                "domain": "aiplatform.googleapis.com",
                "metadata": {
                    "permission": "aiplatform.endpoints.predict",
                    "resource": "projects/demo/locations/global/endpoints/openapi",
                },
            },
        ),
        (
            DEV,
            "nowhere",
            "Permission denied on resource project nowhere.",
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "CONSUMER_INVALID",
                "domain": "googleapis.com",
                "metadata": {"consumer": "projects/nowhere", "service": "aiplatform.googleapis.com"},
            },
        ),
        (
            DEV,
            "archive",
            "Vertex AI API has not been used in project archive before or it is disabled. Enable it by visiting"
            " https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=archive then"
            " retry.",
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"consumer": "projects/archive", "service": "aiplatform.googleapis.com"},
            },
        ),
    ],
)
def test_403(tmp_path: Path, identity: str, project: str, message: str, info: object) -> None:
    denied = policy(tmp_path, POLICY).check(identity, Target("v1", project, "global", "openapi"))
    assert denied is not None
    assert (denied.status, denied.code, denied.message) == (403, "PERMISSION_DENIED", message)
    assert denied.details == (info,)


@pytest.mark.parametrize(
    ("text", "identity", "project", "allowed"),
    [
        (POLICY, DEV, "demo", True),
        ("api_disabled: []", DEV, "anything", True),
        ("identities: {a: [demo]}", "a", "demo", True),
        ("identities: {a: [demo]}", "a", "other", False),
        ("identities: {a: [demo]}", "b", "other", True),
        ("identities: {a: [demo], '*': []}", "b", "demo", False),
        ("projects: []", DEV, "demo", False),
    ],
)
def test_omitted_keys_allow_everything(tmp_path: Path, text: str, identity: str, project: str, allowed: bool) -> None:
    denied = policy(tmp_path, text).check(identity, Target("v1", project, "global", "openapi"))
    assert (denied is None) is allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("project: [demo]", "project"),
        ("identities: {a: demo}", "identities.a"),
        ("- demo", "dictionary"),
        ("projects: [", "policy.yaml"),
        ("projects: [demo]\nidentities:\n  a: [1]\n", "policy.yaml:3"),
        ("projects: [a]\nprojects: [b]\n", "policy.yaml:2"),
    ],
)
def test_invalid_policy_has_a_position(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        policy(tmp_path, text)


def test_missing_policy_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_policy(tmp_path / "none.yaml")
