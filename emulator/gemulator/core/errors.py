"""The user's mistakes and what we say of them. Refusals of the emulated service are values: plan.Failure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct

from gemulator.core.plan import Failure


class Problem(Struct, frozen=True):
    """One thing that is wrong in a scenario file. `path` reads `turns[0].reply`.

    `line` and `column` count from 1; they are 0 where it is no file that someone has.
    """

    file: Path
    line: int
    column: int
    path: str
    message: str
    remedy: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f"{place}: " + ("warning: " if self.warning else "")
        text = f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"
        return f"{text}\n    {self.remedy}" if self.remedy else text


class ScenarioError(Exception):
    """A scenario file cannot be used; says every problem that was found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ReplyError(Exception):
    """A turn fits, but cannot answer this request as it is written: a template or a value does not go with it."""


class RequestError(Exception):
    """A request that the emulated service refuses before it looks at a scenario."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Unsatisfiable(ValueError):
    """No value fits the schema (or none could be found). `path` names the place in it, "" for the root.

    `field` is where in a request the schema is, where that is known.
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
        """The same of a schema in that field."""
        return type(self)(self.path, self.reason, field)


class Mismatch(Struct, frozen=True):
    """One condition of a `when` that did not hold: its name, what it expected and what it saw."""

    name: str
    expected: str
    actual: str

    @classmethod
    def exhausted(cls, times: int) -> "Mismatch":
        """That of a turn whose `times` are used up."""
        return cls("times", "one that is left", f"answered {times} of {times} times")

    def __str__(self) -> str:
        return self.actual if self.name == "times" else f"{self.name}: expected {self.expected}, saw {self.actual}"


class NearMiss(Struct, frozen=True):
    """A turn that did not fit, and why. `where` is `scenario/turn number`, counted from 1."""

    where: str
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        return f"{self.where}: " + "; ".join(map(str, self.mismatches))


class Unmatched(Exception):
    """No turn fits. Carries the nearest ones, nearest first: the same text in answer, journal and log."""

    def __init__(self, nearest: Sequence[NearMiss]) -> None:
        self.nearest = tuple(nearest)
        lines = "".join(f"\n  {near}" for near in nearest) or "\n  There are no turns: no scenario is loaded."
        super().__init__(f"No turn fits this request. Nearest first:{lines}")
