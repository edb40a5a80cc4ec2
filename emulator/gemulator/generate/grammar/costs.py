"""Minimum cost of each grammar part: letters plus one per rule."""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf

from gemulator.generate.grammar.nodes import BadGrammar, Chain, Either, Grammar, Node, Repeat, Rule

_MAX_COST = 100_000


def require_finite(grammar: Grammar) -> Grammar:
    """Return the grammar; raise BadGrammar if it has no finite text or only very long ones."""
    if Costs(grammar).of(Rule(grammar.start)) > _MAX_COST:
        raise BadGrammar("the grammar generates no finite text")
    return grammar


class Costs:
    """Costs of the parts of one grammar; infinite if there is no finite text.

    Each part is settled once, in the order of the costs (Knuth's generalization of Dijkstra's algorithm). `size` is the
    number of parts.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._rules = dict.fromkeys(grammar.rules, inf)
        self._parts: dict[int, float] = {}
        self._users: dict[int, list[Node]] = {}
        self._rules_of: dict[int, list[str]] = {}
        self._rule_users: dict[str, list[Node]] = {}
        self._open: dict[int, int] = {}  # parts of a chain that are not settled
        self._sums: dict[int, float] = {}
        self._queue: list[tuple[float, int, Node]] = []
        self._number = 0
        self.size = 0
        for name, node in grammar.rules.items():
            self._rules_of.setdefault(id(node), []).append(name)
            self._add(node)
        self._settle()

    def of(self, node: Node) -> float:
        """Return the cost of a node of the grammar."""
        return self._rules[node.name] if isinstance(node, Rule) else self._parts.get(id(node), inf)

    def _add(self, root: Node) -> None:
        """Add the parts of a rule, each once."""
        pending = [root]
        while pending:
            node = pending.pop()
            if id(node) not in self._open:
                self.size += 1
                self._open[id(node)] = 1
                pending += self._add_part(node)

    def _add_part(self, node: Node) -> Sequence[Node]:
        """Add one part; return its own parts."""
        match node:
            case Rule(name):
                self._rule_users.setdefault(name, []).append(node)
                return ()
            case Chain(inner):
                self._open[id(node)] = len(inner)
                free = not inner
            case Either(inner):
                free = False
            case Repeat(item, low, _):
                inner, free = (item,), not low
            case Grammar():
                self._push(Costs(node).of(Rule(node.start)), node)
                return ()
            case leaf:
                self._push(leaf.cost, leaf)
                return ()
        if free:
            self._push(0, node)
        self._use(node, inner)
        return inner

    def _use(self, node: Node, parts: Sequence[Node]) -> None:
        for part in parts:
            self._users.setdefault(id(part), []).append(node)

    def _push(self, cost: float, node: Node) -> None:
        self._number += 1
        heappush(self._queue, (cost, self._number, node))

    def _settle(self) -> None:
        while self._queue:
            cost, _, node = heappop(self._queue)
            if id(node) in self._parts:
                continue
            self._parts[id(node)] = cost
            for user in self._users.get(id(node), ()):
                self._offer(user, cost)
            for name in self._rules_of.get(id(node), ()):
                self._rules[name] = cost + 1
                for user in self._rule_users.get(name, ()):
                    self._push(cost + 1, user)

    def _offer(self, user: Node, cost: float) -> None:
        """Tell a node that one of its parts is settled at a cost."""
        match user:
            case Chain():
                self._open[id(user)] -= 1
                self._sums[id(user)] = self._sums.get(id(user), 0) + cost
                if not self._open[id(user)]:
                    self._push(self._sums[id(user)], user)
            case Repeat(_, low, _):
                self._push(low * cost if low else 0, user)
            case _:
                self._push(cost, user)
