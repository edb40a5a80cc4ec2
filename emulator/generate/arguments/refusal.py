"""Saying that no value fits: to the caller, and inside the search for one."""


class Unsatisfiable(ValueError):
    """No value fits the schema (or none could be found). `path` names the place in it, "" for the root."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"No value fits the schema{place}: {self.reason}."


class Stuck(Exception):
    """This way of drawing a value leads nowhere; another choice of branches may."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)


class OutOfSteps(Exception):
    """The work budget of one drawing is used up."""
