"""Access policy: which callers get Google's 403s."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import text_of_file
from gemulator.core.plan import Failure
from gemulator.request.target import Target
from gemulator.service.refusals import refuse

Names = Annotated[tuple[str, ...], Field(strict=False)]


class Policy(BaseModel):
    """Access policy. Omitted keys allow everything. An identity is a token's email, else the bearer token itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    projects: Annotated[Names | None, Field(description="The projects that exist.")] = None
    api_disabled: Annotated[Names, Field(description="Projects in which the API is not enabled.")] = ()
    identities: Annotated[
        Mapping[str, Names], Field(description="Which projects an identity may use; `*`: who is not named.")
    ] = Field(default_factory=dict)

    def check(self, identity: str, target: Target) -> Failure | None:
        """Return Google's 403 for a call of this identity, None if it is allowed (fidelity.md, 403)."""
        project = target.project
        if self.projects is not None and project not in self.projects:
            return _denial("project-denied", target)
        if project in self.api_disabled:
            return _denial("api-disabled", target)
        allowed = self.identities.get(identity, self.identities.get("*"))
        return _denial("no-permission", target) if allowed is not None and project not in allowed else None


def read_policy(file: Path) -> Policy:
    """Return the policy in a YAML file. Raises ScenarioError with the position of the mistake."""
    document = yaml.read(text_of_file(file), file)
    if document.problems:
        raise ScenarioError(document.problems)
    if document.data in (None, {}):
        remedy = "Add `projects`, `api_disabled` or `identities`, or leave out the option."
        raise ScenarioError([Problem(file, 1, 1, "", "the policy is empty: it would allow everything", remedy)])
    try:
        return Policy.model_validate(document.data)
    except ValidationError as error:
        first = error.errors()[0]
        line, column = document.position(first["loc"])
        raise ScenarioError([Problem(file, line, column, ".".join(map(str, first["loc"])), first["msg"])]) from None


def _denial(name: str, target: Target) -> Failure:
    names = {"project": target.project, "location": target.location, "endpoint": target.endpoint}
    return refuse(name, **names)
