"""Saying inside the search for a value that this way leads nowhere, or that it takes too long."""


class DeadEnd(Exception):
    """This way of drawing a value leads nowhere; another choice of branches may."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)


class Dangling(DeadEnd):
    """A reference points nowhere."""

    def __init__(self, ref: str) -> None:
        super().__init__((), f"the reference {ref} points nowhere")


class NoObject(DeadEnd):
    """Objects are ruled out, but nothing else is."""


class BudgetExceeded(Exception):
    """The work budget of one drawing is used up."""


class Budget:
    """The work of one drawing, counted in steps, so that its end does not depend on the machine's speed."""

    __slots__ = ("most", "spent")

    def __init__(self, most: int) -> None:
        self.most = most
        self.spent = 0

    def spend(self, steps: int) -> None:
        """Counts work; OutOfSteps when the budget is used up."""
        self.spent += steps
        if self.spent > self.most:
            raise BudgetExceeded
