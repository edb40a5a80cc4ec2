"""What the prompt already says, as the drawing of a value asks for it."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class HintSource(Protocol):
    """Offers values found in a prompt. Each is checked against the schema before it is used."""

    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        """Candidates for a property of that name, best first; `schema` is its merged leaf schema."""

    def take(self, value: Any) -> None:
        """The candidate was used: do not offer it again."""

    def fresh(self) -> "HintSource":
        """A copy of which nothing has been used yet."""
