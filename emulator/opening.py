"""What is said of a session before the server hears of it."""

from dataclasses import dataclass, field


@dataclass
class Opening:
    """What is said of a session before anyone can ask in it: one request tells the server all of it."""

    name: str | None
    scenarios: dict[str, str] = field(default_factory=dict)  # by name, the newest last

    def push(self, text: str, name: str) -> None:
        self.scenarios.pop(name, None)
        self.scenarios[name] = text
