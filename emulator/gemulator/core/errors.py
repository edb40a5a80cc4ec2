"""Exceptions for mistakes of the user.

Errors of the emulated service are values: `plan.Failure`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct

from gemulator.core.plan import Failure
from gemulator.core.printable import printable

SIMILAR = 0.5  # agreement of a text; unrelated ones have less
_TEXTS = {"user", "earlier", "system", "tool_result", "tool_call", "body"}
_MAX_EXPLAINED = 5  # mismatches of one turn


class Problem(Struct, frozen=True):
    """Mistake in a scenario file. `path` reads `turns[0].reply`.

    `line` and `column` count from 1; they are 0 if the scenario came from no file. A hint is no mistake: it tells what
    a condition means.
    """

    file: Path
    line: int
    column: int
    path: str
    message: str
    remedy: str = ""
    warning: bool = False
    hint: bool = False

    @property
    def level(self) -> str:
        """Return `error`, `warning` or `hint`."""
        return "hint" if self.hint else "warning" if self.warning else "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f"{place}: " + ("" if self.level == "error" else f"{self.level}: ")
        text = printable(f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}")
        return f"{text}\n    {printable(self.remedy)}" if self.remedy else text


class ScenarioError(Exception):
    """Unusable scenario files, with every problem found in them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ReplyError(Exception):
    """Reply that cannot be rendered for a request, because a template or a value does not fit."""


class RequestError(Exception):
    """Request that the emulated service refuses before a scenario is consulted."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Unsatisfiable(ValueError):
    """Schema for which no value exists or none was found. `path` is the location in it, "" for the root.

    `field` is the location of the schema in the request, if known.
    """

    def __init__(self, path: str, reason: str, field: str | None = None) -> None:
        self.path = path
        self.reason = reason
        self.field = field
        super().__init__(path, reason, field)

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"No value fits the schema{place}: {self.reason}."

    def within(self, field: str) -> Self:
        """Return the same error for a schema at `field` of a request."""
        return type(self)(self.path, self.reason, field)


class UnsatisfiableWithinLimit(Unsatisfiable):
    """No value was found within the limit of the work."""

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"The schema{place} is too complex: {self.reason}."


class UnsatisfiableWithinDepth(UnsatisfiableWithinLimit):
    """No value was found within the limit of the nesting."""


class Mismatch(Struct, frozen=True):
    """Failed condition of a `when`: name, expected and actual value, and a note on how they differ."""

    name: str
    expected: str
    actual: str
    note: str = ""

    def explained(self) -> "Mismatch":
        """Return the mismatch as it is shown."""
        return self

    @property
    def is_text(self) -> bool:
        """Return True for a prompt, a tool's result or a value: one that is similar is likely to be meant."""
        return self.name.partition(".")[0] in _TEXTS

    def diff(self) -> str:
        """Return the whole of what was expected and seen, in lines that begin with `-` and `+`."""
        return f"- {self.expected}\n+ {self.actual}"

    @property
    def agreement(self) -> float:
        """Return how much of what was expected was seen, from 0 to 1."""
        return 0.0

    @classmethod
    def exhausted(cls, times: int) -> "Mismatch":
        """Return the mismatch of a turn that has answered `times` times."""
        return cls("times", f"fewer than {times} answers", f"answered {times} of {times} times")

    def __str__(self) -> str:
        if self.name == "times":
            return self.actual
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: expected {self.expected}, saw {self.actual}{note}"


def explained(mismatches: Sequence[Mismatch]) -> tuple[Mismatch, ...]:
    """Return mismatches as they are shown: the first ones with their first difference."""
    first = (one.explained() for one in mismatches[:_MAX_EXPLAINED])
    rest = (Mismatch(one.name, one.expected, one.actual) for one in mismatches[_MAX_EXPLAINED:])
    return (*first, *rest)


class NearMiss(Struct, frozen=True):
    """A turn that did not match, with its failed conditions. `where` is `scenario/turn number`, counted from 1."""

    where: str
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        return f"{self.where}: " + "; ".join(map(str, self.mismatches))


class Unmatched(Exception):
    """Request that no turn matches, with the nearest turns. Answer, journal and log show the same text."""

    def __init__(self, nearest: Sequence[NearMiss]) -> None:
        self.nearest = tuple(nearest)
        lines = "".join(f"\n  {near}" for near in nearest) or "\n  No scenario is loaded."
        super().__init__(f"No turn matches this request. Nearest first:{lines}")
