"""Interface for values found in the prompt."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class HintSource(Protocol):
    """Source of candidate values, each of which is validated before it is used."""

    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        """Return candidates for a property, best first; `schema` is its merged leaf schema."""

    def take(self, value: Any) -> None:
        """Mark the candidate as used, so that it is not offered again."""

    def fresh(self) -> "HintSource":
        """Return a copy in which nothing is marked as used."""
