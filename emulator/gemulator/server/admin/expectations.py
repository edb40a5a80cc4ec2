"""Expectations of `verify`: requests, their number and order."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from gemulator.core.located_yaml import dotted
from gemulator.core.secrets import is_credential
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.loading.reader import empty_paths
from gemulator.server.admin.expected_usage import ExpectedUsage
from gemulator.state.journal.entry import Outcome


class ExpectedRequest(StrictModel):
    """Criteria for a journal entry: conditions on its request, facts of its answer."""

    when: Annotated[Match, Field(description="Conditions, as in a scenario.")] = Match()
    scenario: Annotated[str | None, Field(description="The scenario that answered.")] = None
    turn: Annotated[int | None, Field(ge=1, description="The number of the turn that answered.")] = None
    status: Annotated[int | None, Field(description="The HTTP status.")] = None
    outcome: Annotated[Outcome | None, Field(description="How the delivery ended.")] = None
    usage: Annotated[ExpectedUsage | None, Field(description="The token counts of the answer.")] = None
    refused: Annotated[bool, Field(description="Count requests that were refused, too.")] = False

    @field_validator("when")
    @classmethod
    def _validate_when(cls, when: Match) -> Match:
        path = next(empty_paths(when.model_dump(by_alias=True, exclude_unset=True)), None)
        if path is not None:
            raise ValueError(f"`{dotted(path)}` is empty: give it a value")
        credential = next((name for name in sorted(when.header_names) if is_credential(name)), None)
        if credential is not None:
            raise ValueError(f"the journal keeps no credentials like the header {credential!r}: verify another one")
        return when


class ExpectedCount(ExpectedRequest):
    """Expected number of matching requests (default: at least one)."""

    count: Annotated[int | None, Field(ge=0)] = None
    at_least: Annotated[int | None, Field(ge=0)] = None
    at_most: Annotated[int | None, Field(ge=0)] = None

    @model_validator(mode="after")
    def _validate_bounds(self) -> Self:
        least, largest = self.bounds
        if least > largest:
            raise ValueError(f"no number of requests is both {self.wanted_number}")
        return self

    @property
    def bounds(self) -> tuple[int, float]:
        """Return the least and the largest number allowed."""
        given = self.count is not None or self.at_least is not None or self.at_most is not None
        least = [bound for bound in (self.count, self.at_least) if bound is not None]
        largest = [bound for bound in (self.count, self.at_most) if bound is not None]
        return max(least, default=0 if given else 1), min(largest, default=math.inf)

    @property
    def wanted_number(self) -> str:
        """Return the bounds in words."""
        bounds = (("exactly ", self.count), ("at least ", self.at_least), ("at most ", self.at_most))
        given = [(words, bound) for words, bound in bounds if bound is not None] or [("at least ", 1)]
        return " and ".join(f"{words}{bound}" for words, bound in given)

    def __str__(self) -> str:
        number = self.wanted_number
        return f"{number} such {'request' if number.endswith(' 1') else 'requests'}"


class Expectations(StrictModel):
    """Checks of a session. Omitted ones are not made."""

    session: str = "default"
    entries: Annotated[Sequence[ExpectedCount], Field(description="Requests and their expected number.")] = ()
    order: Annotated[
        Sequence[ExpectedRequest], Field(description="Requests in this order; others may come between them.")
    ] = ()
    usage: Annotated[ExpectedUsage | None, Field(description="Sums of the token counts of all answers.")] = None
    none_unmatched: Annotated[
        bool | Literal["refused"],
        Field(description="Every request matched a turn; `refused`: none was refused for matching no turn."),
    ] = False
    none_late: Annotated[
        int | None,
        Field(ge=0, description="No request in an ended session after the entry of this number."),
    ] = None
    times_used: Annotated[
        bool,
        Field(
            description="Every turn with `times` was used up, in the scenarios that the session pushed, pinned or used."
        ),
    ] = False

    @model_validator(mode="after")
    def _require_a_check(self) -> Self:
        given = (self.entries, self.order, self.usage, self.none_unmatched, self.times_used)
        if not any(given) and self.none_late is None:
            checks = (f"`{name}`" for name in type(self).model_fields if name != "session")
            raise ValueError(f"nothing to check: set one of {', '.join(checks)}")
        return self
