"""Where a body does not fit what a server expects, in nobody's words yet: each dialect has its own for it."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Misfit:
    """One error as pydantic names it: its `kind` (`missing`, `int_type` …), the path to it, what it says, what it saw.

    `more` is what the kind adds: the values that were expected, or the reason of a JSON error.
    """

    kind: str
    where: tuple[str | int, ...]
    says: str
    saw: Any
    more: Any = None

    @property
    def field(self) -> str:
        """The path as `messages[0].content`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.where).lstrip(".")


_BRANCHES = {"str", "ImageUrl"}  # pydantic names the branch of a union in a location


def misfit_of(error: ValidationError) -> Misfit:
    """The first field's error; of a union's branches the most specific (a part, not the plain string)."""
    found = error.errors(include_url=False)
    problem = next((entry for entry in reversed(found) if entry["loc"][:1] == found[0]["loc"][:1]), found[0])
    where = [step for step in problem["loc"] if step not in _BRANCHES and not re.match(r"(list|dict)\[", str(step))]
    return Misfit(problem["type"], tuple(where), problem["msg"], problem["input"], problem.get("ctx"))
