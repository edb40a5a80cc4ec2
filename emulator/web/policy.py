"""Who may call which project: a small file that earns callers Google's 403s."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.errors import Problem, ScenarioError
from emulator.plan import Failure
from emulator.request import Target
from emulator.scenario import yaml
from emulator.scenario.folder import text_of_file

_SERVICE = "aiplatform.googleapis.com"
_PERMISSION = "aiplatform.endpoints.predict"

Names = Annotated[tuple[str, ...], Field(strict=False)]


class Policy(BaseModel):
    """What is left out is allowed. An identity is the email of a minted token, else the bearer token itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    projects: Annotated[Names | None, Field(description="The projects that exist.")] = None
    api_disabled: Annotated[Names, Field(description="Projects in which the API is not enabled.")] = ()
    identities: Annotated[
        Mapping[str, Names], Field(description="Which projects an identity may use; `*`: who is not named.")
    ] = Field(default_factory=dict)

    def denied(self, identity: str, target: Target) -> Failure | None:
        """Google's 403 for a call of this identity, None where it may call (fidelity-credentials.md, 403)."""
        project = target.project
        if self.projects is not None and project not in self.projects:
            return _consumer_invalid(project)
        if project in self.api_disabled:
            return _service_disabled(project)
        allowed = self.identities.get(identity, self.identities.get("*"))
        return _iam_denied(target) if allowed is not None and project not in allowed else None


def read_policy(file: Path) -> Policy:
    """The policy in a YAML file. ScenarioError says what is not understood, and where."""
    document = yaml.read(text_of_file(file), file)
    if document.problems:
        raise ScenarioError(document.problems)
    try:
        return Policy.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        first = error.errors()[0]
        line, column = document.place(first["loc"])
        raise ScenarioError([Problem(file, line, column, ".".join(map(str, first["loc"])), first["msg"])]) from None


def error_info(reason: str, metadata: dict[str, str], domain: str = "googleapis.com") -> dict[str, Any]:
    """A google.rpc.ErrorInfo, as it stands in `details`."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}


def _denied(message: str, info: dict[str, Any]) -> Failure:
    return Failure(403, "PERMISSION_DENIED", message, (info,), hint="the --policy file says so")


def _iam_denied(target: Target) -> Failure:
    resource = f"projects/{target.project}/locations/{target.location}/endpoints/{target.endpoint}"
    message = f"Permission '{_PERMISSION}' denied on resource '//{_SERVICE}/{resource}' (or it may not exist)."
    return _denied(
        message, error_info("IAM_PERMISSION_DENIED", {"permission": _PERMISSION, "resource": resource}, _SERVICE)
    )


def _consumer_invalid(project: str) -> Failure:
    metadata = {"consumer": f"projects/{project}", "service": _SERVICE}
    return _denied(f"Permission denied on resource project {project}.", error_info("CONSUMER_INVALID", metadata))


def _service_disabled(project: str) -> Failure:
    url = f"https://console.developers.google.com/apis/api/{_SERVICE}/overview?project={project}"
    message = (
        f"Vertex AI API has not been used in project {project} before or it is disabled. Enable it by visiting {url}"
        " then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems"
        " and retry."
    )
    metadata = {
        "activationUrl": url,
        "consumer": f"projects/{project}",
        "service": _SERVICE,
        "serviceTitle": "Vertex AI API",
    }
    return _denied(message, error_info("SERVICE_DISABLED", metadata))
