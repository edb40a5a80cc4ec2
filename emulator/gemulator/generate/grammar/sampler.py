"""Draws a text from a grammar: seeded, and always with an end."""

from collections.abc import Iterator, Sequence
from itertools import count as naturals
from typing import Protocol

from gemulator.core.seed import Seed
from gemulator.generate.grammar.costs import Costs
from gemulator.generate.grammar.nodes import (  # fmt: skip
    Chain,
    Either,
    Gap,
    Grammar,
    Leaf,
    Letter,
    Literal,
    Node,
    Pattern,
    Repeat,
    Rule,
    Schema,
    Words,
)
from gemulator.generate.regex.charset import samples

_ROOM = 60  # what a text may cost; three times the shortest text's cost, where that is more
_REACH = 3  # how many more repetitions than needed there are at most; of single letters:
_LETTERS = 8


class GrammarContent(Protocol):
    """Says what a grammar leaves open."""

    def words(self, seed: Seed) -> str:
        """Some free text."""

    def matching(self, pattern: str, seed: Seed) -> str:
        """A text that the regular expression matches as a whole."""

    def value(self, schema: Schema, seed: Seed) -> str:
        """JSON for a schema, in its style."""

    def named(self, texts: Sequence[str]) -> int | None:
        """Which of some texts the prompt asks for, if it clearly asks for one."""


def sample(grammar: Grammar, speaker: GrammarContent, seed: Seed) -> str:
    """A text that a finite grammar admits."""
    costs = Costs(grammar)
    least = costs.of(Rule(grammar.start))
    slack = max(_ROOM - least, 2 * least)
    return "".join(_Drawing(grammar, costs, speaker, seed, slack).pieces())


class _Drawing:
    """One drawing. `slack` is what it may cost beyond the shortest text, so that recursion comes to an end."""

    def __init__(self, grammar: Grammar, costs: Costs, speaker: GrammarContent, seed: Seed, slack: float) -> None:
        self._grammar = grammar
        self._costs = costs
        self._speaker = speaker
        self._seed = seed
        self._chance = seed.random()
        self._slack = slack

    def pieces(self) -> Iterator[str]:
        pending: list[Node] = [Rule(self._grammar.start)]
        before, gap = "", False
        for count in naturals():
            if not pending:
                return
            node = pending.pop()
            if isinstance(node, Rule | Chain | Either | Repeat):
                pending.extend(reversed(self._opened(node)))
                continue
            text = self._said(node, self._seed.child("leaf", count))
            if gap and _word(before[-1:]) and _word(text[:1]):
                yield " "
            yield text
            before, gap = text or before, isinstance(node, Gap) and self._grammar.gaps

    def _opened(self, node: Rule | Chain | Either | Repeat) -> Sequence[Node]:
        """What stands in the node's place."""
        match node:
            case Rule(name):
                return (self._grammar.rules[name],)
            case Chain(items):
                return items
            case Either(branches):
                return (self._chosen(branches),)
            case Repeat():
                return [node.item] * self._times(node)

    def _chosen(self, branches: Sequence[Node]) -> Node:
        costs = [self._costs.of(branch) for branch in branches]
        least = min(costs)
        affordable = [branch for branch, cost in zip(branches, costs, strict=True) if cost - least <= self._slack]
        literal = [branch.text if isinstance(branch, Literal) else "" for branch in affordable]
        named = self._speaker.named(literal)
        chosen = affordable[named] if named is not None else self._chance.choice(affordable)
        self._slack -= self._costs.of(chosen) - least
        return chosen

    def _times(self, repeat: Repeat) -> int:
        each = max(self._costs.of(repeat.item), 1)
        most = _LETTERS if isinstance(repeat.item, Letter) else _REACH
        if repeat.high is not None:
            most = min(most, repeat.high - repeat.low)
        more = self._chance.randint(0, int(min(most, self._slack // each)))
        self._slack -= more and more * each
        return repeat.low + more

    def _said(self, leaf: Leaf | Grammar, seed: Seed) -> str:
        match leaf:
            case Grammar():
                return sample(leaf, self._speaker, seed)
            case Literal(text):
                return text
            case Letter(characters):
                return self._chance.choice(samples(characters))
            case Pattern(pattern):
                return self._speaker.matching(pattern, seed)
            case Schema():
                return self._speaker.value(leaf, seed)
            case Words(excludes, most):
                said = self._speaker.words(seed)[:most]
                return "" if any(text in said for text in excludes) else said
            case Gap():
                return ""


def _word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
