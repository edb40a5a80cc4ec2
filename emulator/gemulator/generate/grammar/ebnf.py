"""Reads EBNF as xgrammar takes it, which is llama.cpp's GBNF and some macros (fidelity.md, vLLM)."""

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
    chain,
    dispatched,
    either,
    pattern_of,
)
from gemulator.generate.grammar.scanner import Scanner
from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.charset import Characters

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_HEAD = re.compile(r"[A-Za-z_][\w.-]*(?:\s|#[^\n]*)*::=")
_STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_CLASS_LETTER = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^xuU\n])|[^\]\\\n]")
_NUMBER = re.compile(r"\d+")
_MACROS = ("Regex", "TagDispatch", "TokenTagDispatch", "Token", "ExcludeToken")

_Value: TypeAlias = "str | int | bool | Rule | tuple[_Value, ...]"


def read_ebnf(text: str) -> Grammar:
    """The grammar, which begins at `root`; BadGrammar where it cannot be read."""
    return _Reader(text).grammar()


class _Reader:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text, "EBNF parser")
        self.uses: list[tuple[str, int]] = []

    def grammar(self) -> Grammar:
        rules: dict[str, Node] = {}
        self.blank()
        while not self.scan.ended:
            start, name = self.scan.at, self.name()
            self.blank()
            self.scan.expect("::=")
            if name in rules:
                raise self.scan.bad(f'Rule "{name}" is defined twice', start)
            rules[name] = self.either()
        for name, place in self.uses:
            if name not in rules:
                raise self.scan.bad(f'Rule "{name}" is not defined', place)
        if "root" not in rules:
            raise self.scan.bad('The root rule with name "root" is not found', 0)
        return Grammar(rules, "root")

    def blank(self) -> None:
        self.scan.match(_BLANK)

    def name(self) -> str:
        found = self.scan.match(_NAME)
        if found is None:
            raise self.scan.bad("Expect element or rule name")
        return found[0]

    def either(self) -> Node:
        self.scan.deeper()
        branches = [self.sequence()]
        while self.scan.take("|"):
            branches.append(self.sequence())
        self.scan.higher()
        return either(*branches)

    def sequence(self) -> Node:
        self.blank()
        items: list[Node] = []
        while not (self.scan.ended or self.scan.peek("|") or self.scan.peek(")") or self.at_head()):
            items.append(self.repeated(self.element()))
            self.blank()
        return chain(*items)

    def at_head(self) -> bool:
        return _HEAD.match(self.scan.text, self.scan.at) is not None

    def repeated(self, node: Node) -> Node:
        self.blank()
        bounds = self.scan.bounds(low_may_miss=False)
        return node if bounds is None else Repeat(node, *bounds)

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
            raise self.scan.bad('Expect " in string literal')
        return self.scan.unescaped(found[1])

    def group(self) -> Node:
        ahead = self.scan.take("=")  # a condition on what follows: it adds no text
        node = self.either()
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
                raise self.scan.bad("Invalid character class: lower bound is larger than upper bound")
            found.append(characters.of(first + last))
        whole = characters.union(found)
        return whole.complement() if inverted else whole

    def class_letter(self) -> str:
        found = self.scan.match(_CLASS_LETTER)
        if found is None:
            raise self.scan.bad("Unterminated character class")
        return self.scan.unescaped(found[0])

    # ---- macros: `Name(value, …, name=value)`

    def macro(self, name: str, start: int) -> Node:
        values, options = self.values()
        match name, values:
            case "Regex", [str(pattern)]:
                return pattern_of(pattern)
            case "TagDispatch", tags:
                return self.dispatch(tags, options, start)
            case (("Token" | "ExcludeToken" | "TokenTagDispatch"), _):
                return EMPTY  # special tokens are not shown in an answer
        raise self.scan.bad(f"{name} has other arguments", start)

    def dispatch(self, tags: list[_Value], options: dict[str, _Value], start: int) -> Node:
        found: list[Node] = []
        for tag in tags:
            match tag:
                case (str(begin), Rule() as rule):
                    found.append(chain(Literal(begin), rule))
                case _:
                    raise self.scan.bad("TagDispatch takes pairs of a tag and a rule", start)
        excludes = options.get("excludes")
        without = tuple(text for text in excludes if isinstance(text, str)) if isinstance(excludes, tuple) else ()
        return dispatched(tuple(found), without, at_once=False, once=options.get("loop_after_dispatch") is False)

    def values(self) -> tuple[list[_Value], dict[str, _Value]]:
        values: list[_Value] = []
        options: dict[str, _Value] = {}
        self.blank()
        while not self.scan.take(")"):
            value = self.value()
            self.blank()
            if isinstance(value, Rule) and self.scan.take("="):
                self.uses.pop()
                options[value.name] = self.value()
            else:
                values.append(value)
            self.comma()
        return values, options

    def comma(self) -> None:
        self.blank()
        if not self.scan.take(",") and not self.scan.peek(")"):
            raise self.scan.bad("Expect , or )")
        self.blank()

    def value(self) -> _Value:
        self.blank()
        if self.scan.peek('"'):
            return self.string()
        if number := self.scan.match(_NUMBER):
            return int(number[0])
        if self.scan.take("("):
            return tuple(self.values()[0])
        start, name = self.scan.at, self.name()
        if name in ("true", "false"):
            return name == "true"
        self.uses.append((name, start))
        return Rule(name)
