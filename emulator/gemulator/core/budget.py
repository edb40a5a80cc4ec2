"""Work limit of one request, counted in steps."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

REQUEST_STEPS = 100_000
LOOP_STEPS = 2_000
"""Steps that are taken in the event loop: most requests need fewer, and they hold up others for some milliseconds."""

NO_STEPS = -1
"""Limit that no work is within, not even of 0 steps."""

IMPORT_STEPS = 10_000  # of a module with all that it imports: 100 ms
NANOSECONDS_PER_STEP = 5_000  # of work whose time is estimated beforehand
BYTES_PER_STEP = 2_048  # of text that is read or written as a whole
LETTERS_PER_STEP = 3  # of a prompt or constraint that is analysed


class BudgetExceeded(Exception):
    """Exhausted work limit."""


class ShareExceeded(Exception):
    """Exhausted share of one alternative; what is left of the work limit is for the others."""


class WorkerNeeded(Exception):
    """More work than the event loop has time for: to be begun again in the worker thread."""


class Budget:
    """Work limit in steps of 2 to 20 µs, which are counted and do not depend on the machine's speed.

    Beyond `loop_limit` steps, if any, WorkerNeeded is raised.
    """

    __slots__ = ("_bound", "limit", "loop_limit", "spent")

    def __init__(self, limit: int = REQUEST_STEPS, loop_limit: int | None = None) -> None:
        self.limit = limit
        self.loop_limit = loop_limit
        self.spent = 0
        self._bound = limit if loop_limit is None or limit < loop_limit else loop_limit

    @property
    def left(self) -> int:
        """Return the steps that are left, at least 0."""
        return max(self.limit - self.spent, 0)

    def part(self, limit: int) -> "Budget":
        """Return the budget of a part, whose steps are to be added."""
        return Budget(limit, None if self.loop_limit is None else self.loop_limit - self.spent)

    @contextmanager
    def share(self, steps: int) -> Iterator[None]:
        """Limit one alternative to `steps` and to half of what is left; raise ShareExceeded if it needs more."""
        bound = self._bound
        self._bound = self.spent + min(steps, max(bound - self.spent, 0) // 2)
        try:
            yield
        except BudgetExceeded:
            if self.spent > bound:
                raise
            raise ShareExceeded from None
        finally:
            self._bound = bound

    def spend(self, steps: int) -> None:
        """Count work; raise BudgetExceeded if the limit is passed."""
        self.spent += steps
        if self.spent > self._bound:
            self.expect(0)
            raise BudgetExceeded

    def add(self, steps: int) -> None:
        """Count work that is done or cannot be stopped."""
        self.spent += steps
        self.expect(0)

    def expect(self, steps: int) -> None:
        """Raise WorkerNeeded if so much work of another kind is too much for the event loop."""
        if self.loop_limit is not None and self.spent + steps > self.loop_limit:
            raise WorkerNeeded

    def expect_import(self, module: str) -> None:
        """Raise WorkerNeeded if a module is not imported yet and that is too much work for the event loop."""
        if module not in sys.modules:
            self.expect(IMPORT_STEPS)
