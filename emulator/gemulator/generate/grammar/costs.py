"""What the shortest text of each part of a grammar costs: its letters, and one for each rule on the way."""

from collections.abc import Iterator
from itertools import chain
from math import inf

from gemulator.generate.grammar.nodes import BadGrammar, Chain, Either, Grammar, Node, Repeat, Rule

_MOST = 100_000


def finite(grammar: Grammar) -> Grammar:
    """The grammar. BadGrammar where each of its texts is endless, or too long."""
    if Costs(grammar).of(Rule(grammar.start)) > _MOST:
        raise BadGrammar("the grammar admits no text that ends")
    return grammar


class Costs:
    """The costs of one grammar's parts; infinite where a text has no end, or there is none."""

    def __init__(self, grammar: Grammar) -> None:
        self._rules = dict.fromkeys(grammar.rules, inf)
        users: dict[str, list[str]] = {name: [] for name in grammar.rules}
        for name, node in grammar.rules.items():
            for used in _named(node):
                users[used].append(name)
        pending = list(grammar.rules)
        while pending:
            name = pending.pop()  # the last first: later rules are often parts of earlier ones
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


def _named(node: Node) -> Iterator[str]:
    """The rules that are named in a node."""
    match node:
        case Rule(name):
            yield name
        case Chain(inner) | Either(inner):
            yield from chain.from_iterable(map(_named, inner))
        case Repeat(item, _, _):
            yield from _named(item)
