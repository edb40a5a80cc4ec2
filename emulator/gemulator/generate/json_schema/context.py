"""Options, location and generator interface of value generation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from msgspec import Struct

from gemulator.core.seed import Seed
from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.fake_words import Words
from gemulator.generate.json_schema.hint_source import HintSource


class GenerationOptions(Struct, frozen=True):
    """Options of one attempt: the chance of optional properties, brevity, and the steps that each alternative may take.

    Without `share`, an alternative may take all steps of the attempt.
    """

    optional: float
    brief: bool = False
    share: int | None = None


class GenerationContext(Struct, frozen=True):
    """Inputs shared by all attempts: words, reference day and prompt hints."""

    words: Words
    reference_day: date
    hints: HintSource | None


class SchemaLocation(Struct, eq=False, gc=False):
    """Location in the value: schema path, property name, depth and seed."""

    path: tuple[str, ...]
    name: str
    depth: int
    seed: Seed

    def child(self, *steps: str, name: str | None = None) -> "SchemaLocation":
        """Return the location of a part, by the steps of its path."""
        return SchemaLocation(
            (*self.path, *steps), self.name if name is None else name, self.depth + 1, self.seed.child(*steps)
        )

    def item(self, position: int, name: str) -> "SchemaLocation":
        """Return the location of an array item."""
        return SchemaLocation((*self.path, "items"), name, self.depth + 1, self.seed.child("items", str(position)))

    def property_name(self, *steps: str) -> "SchemaLocation":
        """Return the location for a generated property name."""
        return SchemaLocation(
            (*self.path, "propertyNames"), "", self.depth + 1, self.seed.child("propertyNames", *steps)
        )

    def retry(self, attempt: int) -> "SchemaLocation":
        """Return the same location with another seed; unchanged for attempt 0."""
        return SchemaLocation(self.path, self.name, self.depth, self.seed.child("again", attempt)) if attempt else self

    def dead_end(self, keyword: str, reason: str) -> DeadEnd:
        """Return a DeadEnd at this location."""
        return DeadEnd((*self.path, keyword) if keyword else self.path, reason)


class Generator(Protocol):
    """Interface that the generators of single types call back."""

    document: Document
    context: GenerationContext
    options: GenerationOptions
    hints: HintSource | None
    value_count: int
    spend: Callable[[int], None]

    def value(self, subs: Sequence[Sub], location: SchemaLocation) -> Any:
        """Return a value that all of `subs` accept; raise DeadEnd if none was found."""

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Return True if `value` is valid against `sub`."""

    def fits(self, conjunction: Conjunction, value: Any) -> bool:
        """Return True if `value` is valid against all parts and no excluded constant."""

    def suggestion(self, conjunction: Conjunction, kind: str, location: SchemaLocation) -> Any:
        """Return a value that the prompt offers and the parts accept; None if there is none."""


def leaf(conjunction: Conjunction) -> Mapping[str, Any]:
    """Return the parts as one schema; the first value of a keyword wins."""
    merged: dict[str, Any] = {}
    for part in conjunction.parts:
        for keyword, value in part.schema.items():
            merged.setdefault(keyword, value)
    return merged
