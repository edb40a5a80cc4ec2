"""Dead ends and the work budget of the value search."""


class DeadEnd(Exception):
    """Failure of one choice of branches; another choice may succeed."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)


class Dangling(DeadEnd):
    """Unresolvable reference."""

    def __init__(self, ref: str) -> None:
        super().__init__((), f"the reference {ref} cannot be resolved")


class NoObject(DeadEnd):
    """Conflict that excludes objects but no other type."""


class BudgetExceeded(Exception):
    """Exhausted work budget of an attempt."""


class Budget:
    """Work limit of one attempt in steps, independent of the machine's speed."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, steps: int) -> None:
        """Count work; raise BudgetExceeded if the limit is passed."""
        self.spent += steps
        if self.spent > self.limit:
            raise BudgetExceeded
