"""Parser for xgrammar's EBNF: llama.cpp's GBNF plus macros (fidelity.md, vLLM)."""

import re
from typing import TypeAlias

from gemulator.generate.grammar.nodes import (  # fmt: skip
    EMPTY,
    Grammar,
    Letter,
    Literal,
    Node,
    Repeat,
    Rule,
    alternatives,
    chain,
    dispatch_tags,
    parse_pattern,
)
from gemulator.generate.grammar.scanner import Scanner
from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.charset import Characters

_BLANK = re.compile(r"(?:\s|#[^\n]*+)*+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*+")
_HEAD = re.compile(r"[A-Za-z_][\w.-]*+(?:\s|#[^\n]*+)*+::=")
_STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_CLASS_LETTER = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^xuU\n])|[^\]\\\n]")
_NUMBER = re.compile(r"\d+")
_MACROS = ("Regex", "TagDispatch", "TokenTagDispatch", "Token", "ExcludeToken")

_Value: TypeAlias = "str | int | bool | Rule | tuple[_Value, ...]"


def read_ebnf(text: str) -> Grammar:
    """Parse a grammar that starts at `root`; raise BadGrammar if it is invalid."""
    return _Parser(text).grammar()


class _Parser:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text, "EBNF parser")
        self.uses: list[tuple[str, int]] = []

    def grammar(self) -> Grammar:
        rules: dict[str, Node] = {}
        self.skip_blank()
        while not self.scan.at_end:
            start, name = self.scan.at, self.name()
            self.skip_blank()
            self.scan.expect("::=")
            if name in rules:
                raise self.scan.error(f'Rule "{name}" is defined twice', start)
            rules[name] = self.alternatives()
        for name, position in self.uses:
            if name not in rules:
                raise self.scan.error(f'Rule "{name}" is not defined', position)
        if "root" not in rules:
            raise self.scan.error('The root rule with name "root" is not found', 0)
        return Grammar(rules, "root")

    def skip_blank(self) -> None:
        self.scan.match(_BLANK)

    def name(self) -> str:
        found = self.scan.match(_NAME)
        if found is None:
            raise self.scan.error("Expect element or rule name")
        return found[0]

    def alternatives(self) -> Node:
        self.scan.enter()
        branches = [self.sequence()]
        while self.scan.take("|"):
            branches.append(self.sequence())
        self.scan.leave()
        return alternatives(*branches)

    def sequence(self) -> Node:
        self.skip_blank()
        items: list[Node] = []
        while not (self.scan.at_end or self.scan.peek("|") or self.scan.peek(")") or self.at_head()):
            items.append(self.with_quantifier(self.element()))
            self.skip_blank()
        return chain(*items)

    def at_head(self) -> bool:
        return _HEAD.match(self.scan.text, self.scan.at) is not None

    def with_quantifier(self, node: Node) -> Node:
        self.skip_blank()
        quantifier = self.scan.quantifier(min_optional=False)
        return node if quantifier is None else Repeat(node, *quantifier)

    def element(self) -> Node:
        scan = self.scan
        if scan.peek('"'):
            return Literal(self.string())
        if scan.take("["):
            return Letter(self.char_class())
        if scan.take("("):
            return self.group()
        if scan.take("."):
            return Letter(characters.ANY)
        start, name = scan.at, self.name()
        if name in _MACROS and scan.take("("):
            return self.macro(name, start)
        self.uses.append((name, start))
        return Rule(name)

    def string(self) -> str:
        found = self.scan.match(_STRING)
        if found is None:
            raise self.scan.error('Expect " in string literal')
        return self.scan.unescape(found[1])

    def group(self) -> Node:
        ahead = self.scan.take("=")  # a lookahead adds no text
        node = self.alternatives()
        self.scan.expect(")")
        return EMPTY if ahead else node

    def char_class(self) -> Characters:
        inverted = self.scan.take("^")
        found: list[Characters] = []
        while not self.scan.take("]"):
            first = last = self.class_letter()
            if self.scan.peek("-") and not self.scan.peek("-]"):
                self.scan.take("-")
                last = self.class_letter()
            if last < first:
                raise self.scan.error("Invalid character class: lower bound is larger than upper bound")
            found.append(characters.of(first + last))
        whole = characters.union(found)
        return whole.complement() if inverted else whole

    def class_letter(self) -> str:
        found = self.scan.match(_CLASS_LETTER)
        if found is None:
            raise self.scan.error("Unterminated character class")
        return self.scan.unescape(found[0])

    # ---- macros: `Name(value, …, name=value)`

    def macro(self, name: str, start: int) -> Node:
        values, options = self.values()
        match name, values:
            case "Regex", [str(pattern)]:
                return parse_pattern(pattern)
            case "TagDispatch", tags:
                return self.dispatch(tags, options, start)
            case (("Token" | "ExcludeToken" | "TokenTagDispatch"), _):
                return EMPTY  # special tokens are not part of the answer text
        raise self.scan.error(f"{name} has invalid arguments", start)

    def dispatch(self, tags: list[_Value], options: dict[str, _Value], start: int) -> Node:
        found: list[Node] = []
        for tag in tags:
            match tag:
                case (str(begin), Rule() as rule):
                    found.append(chain(Literal(begin), rule))
                case _:
                    raise self.scan.error("TagDispatch takes pairs of a tag and a rule", start)
        excludes = options.get("excludes")
        without = tuple(text for text in excludes if isinstance(text, str)) if isinstance(excludes, tuple) else ()
        return dispatch_tags(
            tuple(found), without, tag_first=False, stop_after_first=options.get("loop_after_dispatch") is False
        )

    def values(self) -> tuple[list[_Value], dict[str, _Value]]:
        values: list[_Value] = []
        options: dict[str, _Value] = {}
        self.skip_blank()
        while not self.scan.take(")"):
            value = self.value()
            self.skip_blank()
            if isinstance(value, Rule) and self.scan.take("="):
                self.uses.pop()
                options[value.name] = self.value()
            else:
                values.append(value)
            self.comma()
        return values, options

    def comma(self) -> None:
        self.skip_blank()
        if not self.scan.take(",") and not self.scan.peek(")"):
            raise self.scan.error("Expect , or )")
        self.skip_blank()

    def value(self) -> _Value:
        self.skip_blank()
        if self.scan.peek('"'):
            return self.string()
        if number := self.scan.match(_NUMBER):
            return self.scan.number(number[0], number.start())
        if self.scan.take("("):
            return tuple(self.values()[0])
        start, name = self.scan.at, self.name()
        if name in ("true", "false"):
            return name == "true"
        self.uses.append((name, start))
        return Rule(name)
