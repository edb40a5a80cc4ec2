"""Parser of the expressions of templates."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON
from gemulator.core.secrets import is_credential
from gemulator.scenario import json_path as paths
from gemulator.scenario.templates.expression import Expression, FilterCall, Operand, Operation
from gemulator.scenario.templates.filters import FILTERS, check_filter
from gemulator.scenario.templates.variables import FUNCTIONS, ROOTS
from gemulator.scenario.templates.work import Work

_LITERAL = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?|true|false|null"
_PATH = r"(?:\[\"[^\"]*\"\]|\['[^']*'\]|[^\s|(),\"'])+"
# Operators stand between spaces: names may contain their characters.
_TOKEN = re.compile(
    rf"\s*+(?:(?P<literal>{_LITERAL})(?![\w.])|(?P<operator>[-+*/])(?=\s|$)|(?P<mark>[()|,])|(?P<path>{_PATH}))"
)
_MAX_DIGITS = 18  # of a whole number; any of them fits into 64 bits
_MAX_DEPTH = 10  # of parentheses


class _Token(NamedTuple):
    kind: str
    text: str


_END = _Token("end", "")


class _NoRequest:
    """Variables of an expression that reads none."""

    @property
    def work(self) -> Work:
        return Work()


_NO_REQUEST: Any = _NoRequest()


def parse_expression(source: str) -> Expression:
    """Parse the text between the braces. Raises ValueError if it is invalid."""
    parser = _Parser(source)
    tree = parser.parse()
    parser.check_constants(tree)
    return Expression(source, tree)


class _Parser:
    """Recursive descent: a sum of products of operands."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = [*_tokens(source)]
        self._at = 0

    def parse(self) -> Operand | Operation:
        tree = self._operation(0, "+-")
        if self._next is not _END:
            raise self._error('expected a filter like `| upper` or `| default("?")`, or `+`, `-`, `*` or `/`')
        return tree

    def check_constants(self, tree: Operand | Operation) -> None:
        """Raise ValueError if a part that depends on no request cannot be computed."""
        if not any(True for _ in tree.paths):
            try:
                tree.value(_NO_REQUEST)
            except (ValueError, OverflowError, ReplyError) as error:
                raise self._error(str(error)) from None
        elif isinstance(tree, Operation):
            for operator, operand in (("", tree.first), *tree.rest):
                self.check_constants(operand)
                if operator == "/" and not any(True for _ in operand.paths) and operand.value(_NO_REQUEST) in {0, "0"}:
                    raise self._error("a number is divided by 0")
        elif tree.inner is not None:
            self.check_constants(tree.inner)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self, *texts: str, kind: str = "mark") -> str:
        """Take the next token if it has this kind and one of the texts; return an empty text if it has not."""
        token = self._next
        if token.kind != kind or (texts and token.text not in texts):
            return ""
        self._at += 1
        return token.text

    def _error(self, reason: str) -> ValueError:
        return ValueError(f"`{{{{ {self._source} }}}}`: {reason}")

    def _operation(self, depth: int, operators: str) -> Operand | Operation:
        def operand() -> Operand | Operation:
            return self._operation(depth, "*/") if operators == "+-" else self._operand(depth)

        first = operand()
        rest: list[tuple[str, Operand | Operation]] = []
        while operator := self._take(*operators, kind="operator"):
            rest.append((operator, operand()))
        return Operation(first, tuple(rest)) if rest else first

    def _operand(self, depth: int) -> Operand:
        if self._take("("):
            if depth == _MAX_DEPTH:
                raise self._error(f"parentheses are nested more than {_MAX_DEPTH} deep")
            inner = self._operation(depth + 1, "+-")
            if not self._take(")"):
                raise self._error("`)` is missing")
            return Operand(inner=inner, filters=self._filters())
        if literal := self._take(kind="literal"):
            return Operand(literal=_parse_literal(literal), filters=self._filters())
        path = self._take(kind="path")
        if not path:
            raise ValueError(
                f"`{{{{ {self._source} }}}}` is not an expression: write a path like `user` or `tool_result.temp`"
            )
        return self._variable(path)

    def _variable(self, path: str) -> Operand:
        steps = paths.steps(path)
        if self._next == ("mark", "(") and path in FUNCTIONS:
            arguments = self._arguments()
            FUNCTIONS[path].check(*arguments)
            return Operand(path=steps, arguments=arguments, filters=self._filters())
        if steps[0] not in ROOTS:
            raise self._error(f"unknown variable `{steps[0]}`: {_suggestion(str(steps[0]), ROOTS)}")
        if steps[0] == "header" and is_credential(str(steps[-1]).lower()):
            shown = f"`{{{{ {self._source} }}}}`"
            raise ValueError(f"{shown} is a credential, which the journal would store: use another header")
        return Operand(path=steps, filters=self._filters())

    def _filters(self) -> tuple[FilterCall, ...]:
        found: list[FilterCall] = []
        while self._take("|"):
            name = self._take(kind="path")
            if not name:
                raise self._error('expected a filter like `| upper` or `| default("?")`')
            if name not in FILTERS:
                raise self._error(f"unknown filter `{name}`: {_suggestion(name, FILTERS)}")
            arguments = self._arguments() if self._next == ("mark", "(") else ()
            check_filter(name, arguments)
            found.append((name, arguments))
        return tuple(found)

    def _arguments(self) -> tuple[Any, ...]:
        self._take("(")
        found: list[JSON] = []
        while not self._take(")"):
            if found and not self._take(","):
                raise self._error("`,` or `)` is missing after an argument")
            literal = self._take(kind="literal")
            if not literal:
                raise self._error("an argument must be a number, true, false, null or a text in quotes")
            found.append(_parse_literal(literal))
        return tuple(found)


def _tokens(source: str) -> Iterator[_Token]:
    at, end = 0, len(source.rstrip())
    while at < end:
        found = _TOKEN.match(source, at)
        if found is None:
            raise ValueError(f"`{{{{ {source} }}}}` is not an expression: a quote is not closed")
        yield _Token(str(found.lastgroup), found[str(found.lastgroup)])
        at = found.end()


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1)
    return f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(known)}"


def _parse_literal(literal: str) -> JSON:
    if literal[0] in "\"'":
        return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), literal[1:-1])
    named = {"true": True, "false": False, "null": None}
    if literal in named:
        return named[literal]
    if "." in literal:
        return float(literal)
    if len(literal) > _MAX_DIGITS:
        raise ValueError(f"the number {literal[:_MAX_DIGITS]}… is too large: quote it to make it a text")
    return int(literal)
