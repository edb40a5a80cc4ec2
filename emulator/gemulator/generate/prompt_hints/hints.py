"""Candidates from a prompt for schema properties, each used once."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from gemulator.core.budget import Budget
from gemulator.core.seed import Seed
from gemulator.generate.prompt_hints.extractors import Match
from gemulator.generate.prompt_hints.field_kinds import MONEY, kind_of, split_words
from gemulator.generate.prompt_hints.lexicon import mention
from gemulator.generate.prompt_hints.phrases import event
from gemulator.generate.prompt_hints.prompt import Prompt
from gemulator.generate.prompt_hints.text_candidates import TextCandidates
from gemulator.generate.text.languages.word_blocks import words

_SIGNS = frozenset(
    words(
        """
    $ € £ ¥ ₹ usd eur gbp jpy euro euros dollar dollars pounds yen
    """
    )
)
_NUMBER_WORDS = {
    word: n
    for n, word in enumerate(
        words(
            """
    two three four five six seven eight nine ten eleven twelve
    """
        ),
        2,
    )
}
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})\b", re.I)
_LETTERS_PER_STEP, _MEMBERS_PER_STEP, _LETTERS_PER_MEMBER = 200, 10, 2_000
_MAX_CANDIDATES = 500

_END = re.compile(r"[.!?](?:\s|$)|(?<!\s)\s++(?:and|with)\s")  # of a labelled value


class Hints:
    """Candidates of one prompt. A candidate that was taken is not offered again; there is no other state.

    `is_event`: the property `name` is that of an event. `in_order`: names come in the order of the prompt.
    """

    def __init__(
        self,
        prompt: Prompt,
        skip: tuple[str, ...] = (),
        seed: Seed | None = None,
        budget: Budget | None = None,
        *,
        is_event: bool = False,
        in_order: bool = False,
    ) -> None:
        self._prompt = prompt
        self._skip = skip
        self._seed = seed
        self._budget = budget or Budget()
        self._is_event = is_event
        self._in_order = in_order
        self._texts = TextCandidates(prompt, skip, seed, in_order=in_order)
        self._used: set[int] = set()
        self._offered: dict[str, tuple[int, ...]] = {}

    def fresh(self) -> "Hints":
        """Return unused hints of the same prompt, with what is left of the work limit."""
        return self._copy(in_order=self._in_order)

    def ordered(self) -> "Hints":
        """Return unused hints that offer names in the order of the prompt, for the objects of a list."""
        return self._copy(in_order=True)

    def _copy(self, *, in_order: bool) -> "Hints":
        return Hints(self._prompt, self._skip, self._seed, self._budget, is_event=self._is_event, in_order=in_order)

    def take(self, value: Any) -> None:
        """Mark the positions of this candidate as used."""
        self._used.update(self._offered.get(repr(value), ()))

    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        """Return candidates for the property, best first; none when half of the work limit is spent."""
        self._budget.add(1 + len(self._prompt.text) // _LETTERS_PER_STEP)
        if not self._has_budget:
            return ()
        candidates: list[Any] = []
        known: set[Hashable] = set()
        for value, *places in self._candidates(name, schema):
            key = repr(value) if isinstance(value, list) else value
            if self._used.isdisjoint(places) and key not in known:
                known.add(key)
                candidates.append(value)
                self._offered[repr(value)] = tuple(places)
                if len(candidates) == _MAX_CANDIDATES:
                    break
        return candidates

    def _candidates(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[Any, *tuple[int, ...]]]:
        if isinstance(members := schema.get("enum"), list):
            yield from self._members(members)
            return
        match schema.get("type"):
            case "integer" | "number":
                yield from self._numbers(name, schema)
            case "boolean":
                yield from ((label.lower() in ("true", "yes", "on"), at) for label, at in self._labels(name))
            case "array":
                yield from self._lists(name, schema)
            case "string" | None:
                if self._is_event and name == "name" and (named := event(self._prompt.text)):
                    yield named
                yield from self._labels(name)
                yield from self._texts.of(name, schema)

    @property
    def _has_budget(self) -> bool:
        return self._budget.left > self._budget.limit // 2

    def _members(self, members: list[Any]) -> Iterator[tuple[Any, int]]:
        """Yield enum members that the prompt names, in the prompt's order."""
        prompt = self._prompt
        self._budget.add(len(members) * (1 + len(prompt.text) // _LETTERS_PER_MEMBER) // _MEMBERS_PER_STEP)
        read = members if self._has_budget else members[:_MEMBERS_PER_STEP]
        found = [(at, member) for member in read if (at := mention(str(member), prompt.text, prompt.lower)) >= 0]
        yield from ((member, at) for at, member in sorted(found, key=lambda pair: pair[0]))

    def _labels(self, name: str) -> Iterator[tuple[str, int]]:
        """Yield values labelled with the property's name: "title: Dune", "city=Paris"."""
        words = split_words(name)
        if not words:
            return
        label = r"[\s_-]?".join(map(re.escape, words))
        for found in re.finditer(
            rf"(?<!\w){label}[\"']?\s*[:=]\s*(\"[^\"\n]+\"|'[^'\n]+'|[^\s,;\"'\[{{][^,;\n]{{0,80}})",
            self._prompt.text,
            re.I,
        ):
            value = _END.split(found[1].strip("\"'"), maxsplit=1)[0].strip()
            if value:
                yield value, found.start(1)

    def _numbers(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[int | float, int]]:
        words = split_words(name)
        found = [*self._prompt.numbers, *self._number_words()]
        ranked = sorted(found, key=lambda one: -_matching_words(words, one))
        for one in ranked:
            value = int(one.value) if schema.get("type") == "integer" and one.value == int(one.value) else one.value
            if _in_range(value, schema):
                yield value, one.start

    def _number_words(self) -> Iterator[Match[int | float]]:
        for match in _NUMBER_WORD.finditer(self._prompt.text):
            after = re.match(r"\s*(\w+)", self._prompt.text[match.end() : match.end() + 24])
            yield Match(_NUMBER_WORDS[match[1].lower()], *match.span(), "", after[1].lower() if after else "")

    def _lists(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[list[Any], *tuple[int, ...]]]:
        items = schema.get("items")
        item = items if isinstance(items, Mapping) else {}
        values: list[tuple[Any, int]]
        if isinstance(members := item.get("enum"), list):
            values = list(self._members(members))
        elif item.get("type") in ("integer", "number"):
            values = list(self._numbers(name, item))
        elif item.get("type") == "string":
            values = list(self._texts.several(name, kind_of(name, item)))
        else:
            values = []
        left = [(value, place) for value, place in values if place not in self._used]
        if left:
            yield [value for value, _ in left], *(place for _, place in left)


def _matching_words(words: tuple[str, ...], one: Match[int | float]) -> int:
    """Return how many words beside a number match the property's name."""
    beside = {_singular(one.before), _singular(one.after)}
    if beside & {_singular(word) for word in words}:
        return 3
    money = bool({one.before, one.after} & _SIGNS)
    return 2 if money and MONEY & set(words) else 0 if money else 1


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _in_range(value: int | float, schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "integer" and not isinstance(value, int):
        return False
    low, high = schema.get("minimum"), schema.get("maximum")
    too_low = isinstance(low, int | float) and value < low
    return not (too_low or (isinstance(high, int | float) and value > high))
