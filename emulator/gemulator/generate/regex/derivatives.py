"""Sets of texts as expressions that are derived letter by letter: they may be intersected and negated.

After Brzozowski: the derivative of a language by a letter holds the rests of its texts that begin with that letter.
"""

from functools import lru_cache
from typing import Any, TypeAlias

from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.charset import Characters


class Language:
    """A set of texts. Equal ones are the same object: made by `Languages` only."""

    __slots__ = ("args", "derivatives", "heads", "kind", "nullable", "number")

    def __init__(self, kind: str, args: tuple[Any, ...], nullable: bool, number: int) -> None:
        self.kind = kind
        self.args = args
        self.nullable = nullable
        self.number = number
        self.derivatives: dict[int, Language] = {}
        self.heads: frozenset[Characters] | None = None


Key: TypeAlias = tuple[Any, ...]


class Languages:
    """Makes languages in a normal form, so that most that are equal are seen to be."""

    def __init__(self) -> None:
        self._known: dict[Key, Language] = {}
        self.none = self._make("none", (), False)
        self.empty = self._make("empty", (), True)
        self.all = self._make("not", (self.none,), True)

    def _make(self, kind: str, args: tuple[Any, ...], nullable: bool) -> Language:
        key = (kind, *(id(arg) if isinstance(arg, Language) else arg for arg in args))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Language(kind, args, nullable, len(self._known))
        return found

    @property
    def size(self) -> int:
        """How many languages have been made: the work done."""
        return len(self._known)

    def char(self, found: Characters) -> Language:
        """The texts of one character of a set."""
        return self._make("char", (found,), False) if found.ranges else self.none

    def cat(self, left: Language, right: Language) -> Language:
        """A text of `left`, then one of `right`."""
        if left is self.none or right is self.none:
            return self.none
        if left is self.empty:
            return right
        if right is self.empty:
            return left
        if left.kind == "cat":
            return self.cat(left.args[0], self.cat(left.args[1], right))
        return self._make("cat", (left, right), left.nullable and right.nullable)

    def repeat(self, item: Language, low: int, high: int | None) -> Language:
        """`low` to `high` texts of `item`."""
        if high == 0 or item is self.empty:
            return self.empty
        if item is self.none:
            return self.none if low else self.empty
        if (low, high) == (1, 1):
            return item
        return self._make("repeat", (item, low, high), low == 0 or item.nullable)

    def either(self, *items: Language) -> Language:
        """The texts of any of the languages."""
        kept = self._members("either", items, self.none)
        if self.all in kept:
            return self.all
        return self._joined("either", kept, self.none, any(item.nullable for item in kept))

    def both(self, *items: Language) -> Language:
        """The texts that are in all of the languages."""
        kept = self._members("both", items, self.all)
        if self.none in kept or any(item.kind == "not" and item.args[0] in kept for item in kept):
            return self.none
        return self._joined("both", kept, self.all, all(item.nullable for item in kept))

    def other(self, item: Language) -> Language:
        """All texts that are not in the language."""
        return item.args[0] if item.kind == "not" else self._make("not", (item,), not item.nullable)

    def _members(self, kind: str, items: tuple[Language, ...], neutral: Language) -> list[Language]:
        found = {
            member.number: member
            for item in items
            for member in (item.args if item.kind == kind else (item,))
            if member is not neutral
        }
        return [found[number] for number in sorted(found)]

    def _joined(self, kind: str, kept: list[Language], neutral: Language, nullable: bool) -> Language:
        if not kept:
            return neutral
        return kept[0] if len(kept) == 1 else self._make(kind, tuple(kept), nullable)

    def derive(self, item: Language, point: int) -> Language:
        """The rests of the texts that begin with the character `point`."""
        found = item.derivatives.get(point)
        if found is None:
            found = item.derivatives[point] = self._derive(item, point)
        return found

    def _derive(self, item: Language, point: int) -> Language:
        match item.kind:
            case "char":
                return self.empty if any(low <= point <= high for low, high in item.args[0].ranges) else self.none
            case "cat":
                left, right = item.args
                rest = self.cat(self.derive(left, point), right)
                return self.either(rest, self.derive(right, point)) if left.nullable else rest
            case "repeat":
                inner, low, high = item.args
                less = self.repeat(inner, max(low - 1, 0), None if high is None else high - 1)
                return self.cat(self.derive(inner, point), less)
            case "either":
                return self.either(*(self.derive(member, point) for member in item.args))
            case "both":
                return self.both(*(self.derive(member, point) for member in item.args))
            case "not":
                return self.other(self.derive(item.args[0], point))
            case _:
                return self.none

    def heads(self, item: Language) -> frozenset[Characters]:
        """The character sets that decide how texts of the language may begin."""
        if item.heads is None:
            item.heads = self._heads(item)
        return item.heads

    def _heads(self, item: Language) -> frozenset[Characters]:
        match item.kind:
            case "char":
                return frozenset(item.args)
            case "cat":
                left, right = item.args
                return self.heads(left) | self.heads(right) if left.nullable else self.heads(left)
            case "repeat":
                return self.heads(item.args[0])
            case "either" | "both" | "not":
                return frozenset().union(*(self.heads(member) for member in item.args))
            case _:
                return frozenset()


@lru_cache(maxsize=4096)
def letters_for(heads: frozenset[Characters]) -> list[str]:
    """Letters in groups: those of one group are in the same sets of `heads`. The plainest come first."""
    ordered = sorted(heads)
    plain = characters.variety(characters.ANY)
    groups: dict[tuple[bool, ...], list[str]] = {}
    for letter, treated in zip(plain, zip(*map(_treatment, ordered), strict=True), strict=False):
        groups.setdefault(treated, []).append(letter)
    for letter in dict.fromkeys("".join(map(characters.samples, ordered))):
        if letter not in plain:
            groups.setdefault(tuple(found.has(letter) for found in ordered), []).append(letter)
    return ["".join(group) for group in groups.values()] or [plain]


@lru_cache(maxsize=4096)
def _treatment(found: Characters) -> tuple[bool, ...]:
    """Which of the plain letters the set has."""
    return tuple(found.has(letter) for letter in characters.variety(characters.ANY))
