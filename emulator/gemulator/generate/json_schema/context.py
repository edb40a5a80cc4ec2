"""The context of value generation: options of one try, location in the value, and the generator's interface."""

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
    """How one try goes about it: the chance of an optional property, and whether to keep everything short."""

    optional: float
    brief: bool = False


class GenerationContext(Struct, frozen=True):
    """What surrounds the drawing: where plausible words come from, which day it is, what the prompt says."""

    words: Words
    reference_day: date
    hints: HintSource | None


class SchemaLocation(Struct, eq=False, gc=False):
    """Where in the value we are: the path through the schema, the property's name, and the seed of this part."""

    path: tuple[str, ...]
    name: str
    depth: int
    seed: Seed

    def inside(self, *steps: str, name: str | None = None) -> "SchemaLocation":
        """The place of a part, by the steps of its path."""
        return SchemaLocation(
            (*self.path, *steps), self.name if name is None else name, self.depth + 1, self.seed.child(*steps)
        )

    def item(self, position: int, name: str) -> "SchemaLocation":
        """The place of an item of a list."""
        return SchemaLocation((*self.path, "items"), name, self.depth + 1, self.seed.child("items", str(position)))

    def of_name(self, *steps: str) -> "SchemaLocation":
        """The place where a property's name is made up."""
        return SchemaLocation(
            (*self.path, "propertyNames"), "", self.depth + 1, self.seed.child("propertyNames", *steps)
        )

    def again(self, attempt: int) -> "SchemaLocation":
        """The same place with other chances."""
        return SchemaLocation(self.path, self.name, self.depth, self.seed.child("again", attempt)) if attempt else self

    def stuck(self, keyword: str, reason: str) -> DeadEnd:
        """The refusal to draw a value here."""
        return DeadEnd((*self.path, keyword) if keyword else self.path, reason)


class Generator(Protocol):
    """What the generators of single types need of the one that calls them."""

    document: Document
    setting: GenerationContext
    manner: GenerationOptions
    hints: HintSource | None
    made: int
    spend: Callable[[int], None]

    def value(self, subs: Sequence[Sub], place: SchemaLocation) -> Any:
        """Return a value that all of `subs` accept; raise `Stuck` if none was found."""

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Return True if `value` is valid against `sub`."""

    def fits(self, here: Conjunction, value: Any) -> bool:
        """Return True if `value` is valid against all parts and no excluded constant."""

    def suggested(self, here: Conjunction, kind: str, place: SchemaLocation) -> Any:
        """Return a value that the prompt offers and the parts accept, or None."""


def leaf(here: Conjunction) -> Mapping[str, Any]:
    """The parts of a leaf as one schema: what is said first holds."""
    merged: dict[str, Any] = {}
    for part in here.parts:
        for keyword, value in part.schema.items():
            merged.setdefault(keyword, value)
    return merged
