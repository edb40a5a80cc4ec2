"""Minimum cost of each grammar part: letters plus one per rule."""

from collections.abc import Iterator
from itertools import chain
from math import inf

from gemulator.generate.grammar.nodes import BadGrammar, Chain, Either, Grammar, Node, Repeat, Rule

_MAX_COST = 100_000


def require_finite(grammar: Grammar) -> Grammar:
    """Return the grammar; raise BadGrammar if it has no finite text or only very long ones."""
    if Costs(grammar).of(Rule(grammar.start)) > _MAX_COST:
        raise BadGrammar("the grammar generates no finite text")
    return grammar


class Costs:
    """Costs of the parts of one grammar; infinite if there is no finite text."""

    def __init__(self, grammar: Grammar) -> None:
        self._rules = dict.fromkeys(grammar.rules, inf)
        users: dict[str, list[str]] = {name: [] for name in grammar.rules}
        for name, node in grammar.rules.items():
            for used in _referenced_rules(node):
                users[used].append(name)
        pending = list(grammar.rules)
        while pending:
            name = pending.pop()  # last first, because later rules are often parts of earlier ones
            cost = 1 + self.of(grammar.rules[name])
            if cost < self._rules[name]:
                self._rules[name] = cost
                pending.extend(users[name])

    def of(self, node: Node) -> float:
        match node:
            case Rule(name):
                return self._rules[name]
            case Chain(items):
                return sum(map(self.of, items))
            case Either(branches):
                return min(map(self.of, branches), default=inf)
            case Repeat(item, low, _):
                return low * self.of(item) if low else 0
            case Grammar():
                return Costs(node).of(Rule(node.start))
            case leaf:
                return leaf.cost


def _referenced_rules(node: Node) -> Iterator[str]:
    """Yield the names of the rules that a node refers to."""
    match node:
        case Rule(name):
            yield name
        case Chain(inner) | Either(inner):
            yield from chain.from_iterable(map(_referenced_rules, inner))
        case Repeat(item, _, _):
            yield from _referenced_rules(item)
