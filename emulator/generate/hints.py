"""temp"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class Hints:
    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        return ()

    def take(self, value: Any) -> None: ...
    def fresh(self) -> "Hints":
        return self


class Prompt:
    def reader(self) -> Hints:
        return Hints()


def read(text: str) -> Prompt:
    return Prompt()


def best_tool(prompt: str, tools: Sequence[Mapping[str, Any]]) -> int:
    return 0


def calls(prompt: Prompt, parameters: Mapping[str, Any]) -> list[Hints]:
    return [Hints()]


def wanted_keys(text: str) -> tuple[str, ...]:
    return ()
