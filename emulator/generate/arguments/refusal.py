"""Saying inside the search for a value that this way leads nowhere."""


class Stuck(Exception):
    """This way of drawing a value leads nowhere; another choice of branches may."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)


class OutOfSteps(Exception):
    """The work budget of one drawing is used up."""
