"""Parser for Lark grammars, as llguidance and xgrammar accept them (fidelity.md, vLLM)."""

import json
import re

from gemulator.generate.grammar.lark_common import COMMON
from gemulator.generate.grammar.nodes import (  # fmt: skip
    EMPTY,
    BadGrammar,
    Either,
    Gap,
    Grammar,
    Letter,
    Literal,
    Node,
    Pattern,
    Repeat,
    Rule,
    Schema,
    alternatives,
    chain,
    parse_pattern,
)
from gemulator.generate.grammar.scanner import Scanner
from gemulator.generate.regex import charset as characters
from gemulator.generate.regex import matcher

_INLINE = re.compile(r"(?:[^\S\n]|(?:#|//)[^\n]*+)*+")
_BLANK = re.compile(r"(?:\s|(?:#|//)[^\n]*+)*+")
_CONTINUED = re.compile(r"(?:\s|(?:#|//)[^\n]*+)*+\|")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_HEAD = re.compile(r"[?!]*([A-Za-z_][\w-]*)(?:\.-?\d+)?(?:\[([^\]\n]*)\])?[^\S\n]*:")
_STRING = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')(i?)""")
_REGEX = re.compile(r"/((?:\\.|[^/\\\n])+)/([imslux]*)")
_TIMES = re.compile(r"~[^\S\n]*(\d+)(?:[^\S\n]*\.\.[^\S\n]*(\d+))?")
_SPECIAL = re.compile(r"<(?:\[[^\]\n]*\]|[^<>\s]+)>")  # a special token, which is not part of the answer text
_ALIAS = re.compile(r"->[^\S\n]*\w+")
_SUFFIX = re.compile(r'suffix\s*=\s*("(?:\\.|[^"\\\n])*")')
_IMPORT = re.compile(r"[^\S\n]*common(?:\.(\w+)(?:[^\S\n]*->[^\S\n]*(\w+))?|[^\S\n]*\(([^)]*)\))")


def read_lark(text: str) -> Grammar:
    """Parse a grammar that starts at `start` or its first rule; raise BadGrammar if it is invalid."""
    return _Parser(text).grammar()


class _Parser:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text, "Lark")
        self.rules: dict[str, Node] = {}
        self.uses: list[tuple[str, int]] = []
        self.ignored: list[Node] = []
        self.in_terminal = False

    def grammar(self) -> Grammar:
        self.scan.match(_BLANK)
        while not self.scan.at_end:
            self.statement()
            self.scan.match(_BLANK)
        for name, position in self.uses:
            if name not in self.rules:
                raise self.scan.error(f'unknown name "{name}"', position)
        first = (
            "start" if "start" in self.rules else next((name for name in self.rules if not _is_terminal(name)), None)
        )
        if first is None:
            raise self.scan.error("there is no start rule", 0)
        return Grammar(self.rules, first, gaps=self.can_be_space(self.ignored))

    def can_be_space(self, nodes: list[Node]) -> bool:
        """Return True if one of the ignored nodes can be a space; each rule is followed once."""
        pending, followed = list(nodes), set[str]()
        while pending:
            match pending.pop():
                case Literal(" "):
                    return True
                case Pattern(pattern) if matcher(f"^(?:{pattern})$")(" "):
                    return True
                case Rule(name) if name not in followed:
                    followed.add(name)
                    pending.append(self.rules[name])
                case Either(branches):
                    pending += branches
                case Repeat(item, _, _):
                    pending.append(item)
        return False

    # ---- statements

    def statement(self) -> None:
        if self.scan.take("%"):
            self.directive()
            return
        start = self.scan.at
        head = self.scan.match(_HEAD)
        if head is None:
            raise self.scan.error("expected a rule (name: definition)")
        name = head[1]
        self.in_terminal = _is_terminal(name)
        body = self.alternatives(nested=False)
        self.define(name, self.with_suffix(body, head[2]), start)

    def define(self, name: str, node: Node, position: int) -> None:
        if name in self.rules:
            raise self.scan.error(f'"{name}" is defined twice', position)
        self.rules[name] = node

    def with_suffix(self, body: Node, options: str | None) -> Node:
        found = _SUFFIX.search(options or "")
        return chain(body, Literal(self.scan.unescape(found[1][1:-1]))) if found else body

    def directive(self) -> None:
        start, name = self.scan.at, self.scan.match(_NAME)
        match name[0] if name else "":
            case "import":
                self.imports(start)
            case "ignore":
                self.in_terminal = True
                self.ignored.append(self.alternatives(nested=False))
            case "llguidance" | "grammar_options":
                self.json()
            case other:
                raise self.scan.error(f"unknown directive %{other}", start)

    def imports(self, start: int) -> None:
        found = self.scan.match(_IMPORT)
        if found is None:
            raise self.scan.error('only the library "common" can be imported', start)
        single, alias, several = found.groups()
        for name in [single] if single else [part.strip() for part in several.split(",")]:
            if name not in COMMON:
                raise self.scan.error(f'there is no terminal "{name}" in the common library', start)
            self.define(alias or name, COMMON[name], start)

    def json(self) -> object:
        self.scan.match(_BLANK)
        try:
            value, self.scan.at = json.JSONDecoder().raw_decode(self.scan.text, self.scan.at)
        except (ValueError, RecursionError):
            raise self.scan.error("expected a JSON object") from None
        return value

    # ---- expressions

    def alternatives(self, *, nested: bool) -> Node:
        self.scan.enter()
        branches = [self.sequence(nested)]
        while self.another_branch(nested):
            branches.append(self.sequence(nested))
        self.scan.leave()
        return alternatives(*branches)

    def another_branch(self, nested: bool) -> bool:
        """Consume the `|` of another branch, which may begin a line outside brackets; return True if found."""
        if not nested and self.scan.match(_CONTINUED):
            return True
        return self.scan.take("|")

    def sequence(self, nested: bool) -> Node:
        items: list[Node] = []
        while True:
            self.scan.match(_BLANK if nested else _INLINE)
            if self.scan.match(_ALIAS):
                continue
            if self.scan.at_end or self.scan.text[self.scan.at] in "|)]}\n":
                return chain(*items)
            items.append(self.with_quantifier(self.element()))

    def with_quantifier(self, node: Node) -> Node:
        self.scan.match(_INLINE)
        if found := self.scan.match(_TIMES):
            low, high = self.scan.number(found[1], found.start()), self.scan.number(found[2] or found[1], found.start())
            return Repeat(node, low, high)
        quantifier = self.scan.quantifier(min_optional=True)
        return node if quantifier is None else Repeat(node, *quantifier)

    def element(self) -> Node:
        scan = self.scan
        for opening, closing, most in (("(", ")", 0), ("[", "]", 1)):
            if scan.take(opening):
                node = self.alternatives(nested=True)
                scan.expect(closing)
                return Repeat(node, 0, most) if most else node
        if scan.take("%"):
            return self.embedded_grammar()
        if scan.match(_SPECIAL):
            return EMPTY
        return self.lexeme()

    def embedded_grammar(self) -> Node:
        start, name = self.scan.at, self.scan.match(_NAME)
        match name[0] if name else "":
            case "json":
                schema = self.json()
                return Schema(schema if isinstance(schema, dict | bool) else {})
            case other:
                raise self.scan.error(f"%{other} is not supported", start)

    def lexeme(self) -> Node:
        start = self.scan.at
        if name := self.scan.match(_NAME):
            self.uses.append((name[0], start))
            return self.with_gap(Rule(name[0])) if _is_terminal(name[0]) else Rule(name[0])
        if found := self.scan.match(_REGEX):
            flags = "".join(flag for flag in "ims" if flag in found[2])
            pattern = found[1].replace("\\/", "/")
            return self.with_gap(self.pattern(f"(?{flags}:{pattern})" if flags else pattern, start))
        if found := self.scan.match(_STRING):
            text = self.scan.unescape(found[1][1:-1])
            return self.with_gap(self.range(text) if self.scan.peek("..") else Literal(text))
        raise self.scan.error(f"unexpected {self.scan.text[start]}")

    def pattern(self, pattern: str, start: int) -> Node:
        try:
            return parse_pattern(pattern)
        except BadGrammar as error:
            raise self.scan.error(str(error), start) from None

    def range(self, first: str) -> Node:
        self.scan.take("..")
        found = self.scan.match(_STRING)
        last = self.scan.unescape(found[1][1:-1]) if found else ""
        if len(first) != 1 or len(last) != 1 or last < first:
            raise self.scan.error("a range needs one character at each end, in ascending order")
        return Letter(characters.of(first + last))

    def with_gap(self, node: Node) -> Node:
        return node if self.in_terminal else chain(node, Gap())


def _is_terminal(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()
