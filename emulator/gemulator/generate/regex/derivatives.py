"""Regular languages with union, intersection, complement and Brzozowski derivatives.

The derivative by a letter is the set of the remainders of the strings that begin with that letter.
"""

from functools import lru_cache
from typing import Any, TypeAlias

from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.charset import Characters


class Language:
    """Set of strings, interned: created by `Languages` only."""

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
    """Factory that interns languages in a normal form, so that most equal ones are identical.

    `work` counts the derivatives that were computed and the members that were joined for them.
    """

    def __init__(self) -> None:
        self.work = 0
        self._interned: dict[Key, Language] = {}
        self.none = self._make("none", (), False)
        self.empty = self._make("empty", (), True)
        self.all = self._make("not", (self.none,), True)

    def _make(self, kind: str, args: tuple[Any, ...], nullable: bool) -> Language:
        key = (kind, *(id(arg) if isinstance(arg, Language) else arg for arg in args))
        found = self._interned.get(key)
        if found is None:
            found = self._interned[key] = Language(kind, args, nullable, len(self._interned))
        return found

    def char(self, found: Characters) -> Language:
        """Return the language of single characters of a set."""
        return self._make("char", (found,), False) if found.ranges else self.none

    def concat(self, left: Language, right: Language) -> Language:
        """Return the concatenation of two languages."""
        if left is self.none or right is self.none:
            return self.none
        if left is self.empty:
            return right
        if right is self.empty:
            return left
        if left.kind == "concat":
            return self.concat(left.args[0], self.concat(left.args[1], right))
        return self._make("concat", (left, right), left.nullable and right.nullable)

    def repeat(self, item: Language, low: int, high: int | None) -> Language:
        """Return `low` to `high` repetitions of `item` (None: unlimited)."""
        if high == 0 or item is self.empty:
            return self.empty
        if item is self.none:
            return self.none if low else self.empty
        if (low, high) == (1, 1):
            return item
        return self._make("repeat", (item, low, high), low == 0 or item.nullable)

    def union(self, *items: Language) -> Language:
        """Return the union of the languages."""
        members = self._members("union", items, self.none)
        if self.all in members:
            return self.all
        return self._combine("union", members, self.none, any(item.nullable for item in members))

    def intersection(self, *items: Language) -> Language:
        """Return the intersection of the languages."""
        members = self._members("intersection", items, self.all)
        if self.none in members or any(item.kind == "not" and item.args[0] in members for item in members):
            return self.none
        return self._combine("intersection", members, self.all, all(item.nullable for item in members))

    def complement(self, item: Language) -> Language:
        """Return the language of all other strings."""
        return item.args[0] if item.kind == "not" else self._make("not", (item,), not item.nullable)

    def _members(self, kind: str, items: tuple[Language, ...], neutral: Language) -> list[Language]:
        self.work += len(items)
        found = {
            member.number: member
            for item in items
            for member in (item.args if item.kind == kind else (item,))
            if member is not neutral
        }
        return [found[number] for number in sorted(found)]

    def _combine(self, kind: str, members: list[Language], neutral: Language, nullable: bool) -> Language:
        if not members:
            return neutral
        return members[0] if len(members) == 1 else self._make(kind, tuple(members), nullable)

    def derive(self, item: Language, point: int) -> Language:
        """Return the derivative by the character with code point `point`."""
        found = item.derivatives.get(point)
        if found is None:
            found = item.derivatives[point] = self._derive(item, point)
        return found

    def _derive(self, item: Language, point: int) -> Language:
        self.work += 1
        match item.kind:
            case "char":
                return self.empty if any(low <= point <= high for low, high in item.args[0].ranges) else self.none
            case "concat":
                left, right = item.args
                rest = self.concat(self.derive(left, point), right)
                return self.union(rest, self.derive(right, point)) if left.nullable else rest
            case "repeat":
                inner, low, high = item.args
                less = self.repeat(inner, max(low - 1, 0), None if high is None else high - 1)
                return self.concat(self.derive(inner, point), less)
            case "union":
                return self.union(*(self.derive(member, point) for member in item.args))
            case "intersection":
                return self.intersection(*(self.derive(member, point) for member in item.args))
            case "not":
                return self.complement(self.derive(item.args[0], point))
            case _:
                return self.none

    def heads(self, item: Language) -> frozenset[Characters]:
        """Return the character sets that first letters are matched against."""
        if item.heads is None:
            item.heads = self._heads(item)
            self.work += len(item.args) + len(item.heads)
        return item.heads

    def _heads(self, item: Language) -> frozenset[Characters]:
        match item.kind:
            case "char":
                return frozenset(item.args)
            case "concat":
                left, right = item.args
                return self.heads(left) | self.heads(right) if left.nullable else self.heads(left)
            case "repeat":
                return self.heads(item.args[0])
            case "union" | "intersection" | "not":
                return frozenset().union(*(self.heads(member) for member in item.args))
            case _:
                return frozenset()


@lru_cache(maxsize=4096)
def letters_for(heads: frozenset[Characters]) -> list[str]:
    """Return letters grouped by the sets of `heads` that contain them, plainest letters first."""
    ordered = sorted(heads)
    plain = characters.variety(characters.ANY)
    groups: dict[tuple[bool, ...], list[str]] = {}
    for letter, membership in zip(plain, zip(*map(_plain_membership, ordered), strict=True), strict=False):
        groups.setdefault(membership, []).append(letter)
    for letter in dict.fromkeys("".join(map(characters.samples, ordered))):
        if letter not in plain:
            groups.setdefault(tuple(found.has(letter) for found in ordered), []).append(letter)
    return ["".join(group) for group in groups.values()] or [plain]


@lru_cache(maxsize=4096)
def _plain_membership(found: Characters) -> tuple[bool, ...]:
    """Return, for each printable ASCII character, whether the set contains it."""
    return tuple(found.has(letter) for letter in characters.variety(characters.ANY))
