"""Dead ends of the value search."""


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


class OutOfWork(DeadEnd):
    """Work limit reached before a value was found."""

    def __init__(self) -> None:
        super().__init__((), "no value was found within the work limit")


class TooDeep(DeadEnd):
    """Nesting limit reached before a value was found."""
