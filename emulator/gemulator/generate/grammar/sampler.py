"""Seeded sampling of finite texts from a grammar."""

from collections.abc import Iterator, Sequence
from itertools import count as naturals
from typing import Protocol

from gemulator.core.budget import Budget
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

_MIN_BUDGET = 60  # cost limit of a text, or three times the minimum cost if that is more
_MAX_EXTRA_REPEATS = 3  # maximum repetitions beyond the required ones
_MAX_EXTRA_LETTERS = 8
_MAX_FREE_REPEATS = 8  # required repetitions of a part that may be empty
_PER_STEP = 16  # branches that are compared, or repetitions that are listed, in one step
_PARTS_PER_STEP = 64  # parts of a grammar whose costs are computed in one step


class GrammarContent(Protocol):
    """Source of the content that a grammar leaves open."""

    def words(self, seed: Seed) -> str:
        """Return free text."""

    def matching(self, pattern: str, seed: Seed) -> str:
        """Return a text that the regular expression matches in full."""

    def value(self, schema: Schema, seed: Seed) -> str:
        """Return JSON for a schema, in its style."""

    def find_mentioned(self, texts: Sequence[str]) -> int | None:
        """Return the index of the text that the prompt asks for, if it clearly asks for one."""


def sample(grammar: Grammar, content: GrammarContent, seed: Seed, budget: Budget | None = None) -> str:
    """Return a text of a finite grammar; raise BudgetExceeded if that takes too much work."""
    costs = Costs(grammar)
    budget = budget or Budget()
    budget.spend(costs.size // _PARTS_PER_STEP)
    least = costs.of(Rule(grammar.start))
    slack = max(_MIN_BUDGET - least, 2 * least)
    return "".join(_Sampler(grammar, costs, content, seed, slack, budget).pieces())


class _Sampler:
    """Sampling of one text. `slack` is the allowed cost above the minimum, which ends recursion."""

    def __init__(
        self, grammar: Grammar, costs: Costs, content: GrammarContent, seed: Seed, slack: float, budget: Budget
    ) -> None:
        self._grammar = grammar
        self._costs = costs
        self._content = content
        self._seed = seed
        self._random = seed.random()
        self._slack = slack
        self._budget = budget

    def pieces(self) -> Iterator[str]:
        pending: list[Node] = [Rule(self._grammar.start)]
        before, gap = "", False
        for count in naturals():
            if not pending:
                return
            node = pending.pop()
            self._budget.spend(1)
            if isinstance(node, Rule | Chain | Either | Repeat):
                pending.extend(reversed(self._expand(node)))
                continue
            text = self._leaf_text(node, self._seed.child("leaf", count))
            if gap and _is_word_character(before[-1:]) and _is_word_character(text[:1]):
                yield " "
            yield text
            before, gap = text or before, isinstance(node, Gap) and self._grammar.gaps

    def _expand(self, node: Rule | Chain | Either | Repeat) -> Sequence[Node]:
        """Return the nodes that replace the node."""
        match node:
            case Rule(name):
                return (self._grammar.rules[name],)
            case Chain(items):
                return items
            case Either(branches):
                return (self._choose(branches),)
            case Repeat():
                number = self._repeat_count(node)
                self._budget.spend(number // _PER_STEP)
                return [node.item] * number

    def _choose(self, branches: Sequence[Node]) -> Node:
        self._budget.spend(len(branches) // _PER_STEP)
        costs = [self._costs.of(branch) for branch in branches]
        least = min(costs)
        affordable = [branch for branch, cost in zip(branches, costs, strict=True) if cost - least <= self._slack]
        literal = [branch.text if isinstance(branch, Literal) else "" for branch in affordable]
        mentioned = self._content.find_mentioned(literal)
        chosen = affordable[mentioned] if mentioned is not None else self._random.choice(affordable)
        self._slack -= self._costs.of(chosen) - least
        return chosen

    def _repeat_count(self, repeat: Repeat) -> int:
        cost = self._costs.of(repeat.item)
        each = max(cost, 1)
        most = _MAX_EXTRA_LETTERS if isinstance(repeat.item, Letter) else _MAX_EXTRA_REPEATS
        if repeat.high is not None:
            most = min(most, repeat.high - repeat.low)
        more = self._random.randint(0, int(min(most, self._slack // each)))
        self._slack -= more and more * each
        return (repeat.low if cost else min(repeat.low, _MAX_FREE_REPEATS)) + more

    def _leaf_text(self, leaf: Leaf | Grammar, seed: Seed) -> str:
        match leaf:
            case Grammar():
                return sample(leaf, self._content, seed, self._budget)
            case Literal(text):
                return text
            case Letter(characters):
                return self._random.choice(samples(characters))
            case Pattern(pattern):
                return self._content.matching(pattern, seed)
            case Schema():
                return self._content.value(leaf, seed)
            case Words(excludes, max_length):
                words = self._content.words(seed)[:max_length]
                return "" if any(text in words for text in excludes) else words
            case Gap():
                return ""


def _is_word_character(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
