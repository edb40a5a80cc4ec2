"""Work limit of one request, counted in steps."""

REQUEST_STEPS = 100_000
BYTES_PER_STEP = 2_048  # of text that is read or written as a whole


class BudgetExceeded(Exception):
    """Exhausted work limit."""


class Budget:
    """Work limit in steps of 2 to 20 µs, which are counted and do not depend on the machine's speed."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int = REQUEST_STEPS) -> None:
        self.limit = limit
        self.spent = 0

    @property
    def left(self) -> int:
        """Return the steps that are left, at least 0."""
        return max(self.limit - self.spent, 0)

    def spend(self, steps: int) -> None:
        """Count work; raise BudgetExceeded if the limit is passed."""
        self.spent += steps
        if self.spent > self.limit:
            raise BudgetExceeded
