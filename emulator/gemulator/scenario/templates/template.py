"""Texts with `{{ expressions }}`: dotted paths and a fixed list of filters; no statements, no files, no Python."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Self, TypeAlias

from msgspec import Struct

from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON
from gemulator.core.secrets import is_credential
from gemulator.scenario import json_path as paths
from gemulator.scenario.json_path import text_of
from gemulator.scenario.templates.filters import DEFAULT, FILTERS
from gemulator.scenario.templates.variables import ROOTS, Variables

LONGEST = 1_000_000  # bytes of what a template gives

_HOLE = re.compile(r"\{\{(.*?)\}\}", re.S)
_LITERAL = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?|true|false|null"
_PATH = r"(?:\[\"[^\"]*\"\]|\['[^']*'\]|[^\s|()\"'])+"
_HEAD = re.compile(rf"\s*(?:({_LITERAL})(?![\w.])|({_PATH}))\s*")
_FILTER = re.compile(rf"\|\s*(\w+)\s*(?:\(\s*((?:{_LITERAL})(?:\s*,\s*(?:{_LITERAL}))*)?\s*\))?\s*")

Applied: TypeAlias = tuple[str, tuple[Any, ...]]


class Expression(Struct, frozen=True):
    """What stands between the braces: a path or a literal, then filters. `source` is how it was written."""

    source: str
    path: tuple[paths.Step, ...]
    literal: JSON
    filters: tuple[Applied, ...]

    def value(self, variables: Variables) -> JSON:
        """What it gives for a request. ReplyError where the request has no such thing."""
        try:
            found = variables.find(self.path) if self.path else self.literal
        except LookupError as error:
            fallback = next((arguments for name, arguments in self.filters if name == DEFAULT), None)
            if fallback is None:
                raise ReplyError(f"`{{{{ {self.source} }}}}`: {error.args[0]}") from None
            found = fallback[0]
        for name, arguments in self.filters:
            found = self._filtered(name, found, arguments)
        return found

    def _filtered(self, name: str, value: JSON, arguments: tuple[Any, ...]) -> JSON:
        try:
            return short(FILTERS[name][0](value, *arguments))
        except (ValueError, OverflowError) as error:
            raise ReplyError(f"`{{{{ {self.source} }}}}`: {error}") from None


def short(value: JSON) -> JSON:
    """The value itself. ReplyError where it is larger than a template may get."""
    if isinstance(value, str) and len(value) > LONGEST // 4 and len(value.encode()) > LONGEST:
        raise ReplyError(f"a template gives more than {LONGEST:,} bytes")
    return value


class Template(Struct, frozen=True):
    """Literal texts and expressions in turn."""

    pieces: tuple[str | Expression, ...]

    @property
    def expressions(self) -> Iterator[Expression]:
        return (piece for piece in self.pieces if isinstance(piece, Expression))

    def text(self, variables: Variables) -> str:
        """The text with everything filled in."""
        out: list[str] = []
        for piece in self.pieces:
            out.append(piece if isinstance(piece, str) else text_of(piece.value(variables)))
        filled = "".join(out)
        short(filled)
        return filled

    def value(self, variables: Variables) -> JSON:
        """As `text`, but a template that is one expression keeps its type: a number stays a number."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], Expression):
            value = self.pieces[0].value(variables)
            short(text_of(value))
            return value
        return self.text(variables)

    @classmethod
    def of(cls, text: str) -> Self:
        """The template in a text. ValueError says what cannot be understood."""
        return cls(_pieces(text))


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[str | Expression, ...]:
    pieces: list[str | Expression] = []
    at = 0
    for hole in _holes(text):
        pieces += [text[at : hole.start()], _expression(hole[1].strip())]
        at = hole.end()
    pieces.append(text[at:])
    if any(isinstance(piece, str) and "{{" in piece for piece in pieces):
        raise ValueError("`{{` is not closed: write `{{ user }}`, or `{{ '{{' }}` for two braces")
    return tuple(piece for piece in pieces if piece != "")


_STRICT_HOLE = re.compile(r"\{\{((?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\"'{}])*)\}\}", re.S)


def _holes(text: str) -> Iterator[re.Match[str]]:
    """What stands in braces; quoted braces belong to the expression."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        hole = _STRICT_HOLE.match(text, start) or _HOLE.match(text, start)
        if hole is None:
            return
        yield hole
        at = hole.end()


def _expression(source: str) -> Expression:
    head = _HEAD.match(source)
    if head is None:
        raise ValueError(f"`{{{{ {source} }}}}` is no expression: write a name like `user` or `tool_result.temp`")
    literal, path = head.groups()
    filters = tuple(_filters(source, head.end()))
    if literal is not None:
        return Expression(source, (), _constant(literal), filters)
    steps = paths.steps(path)
    if steps[0] not in ROOTS:
        raise ValueError(f"`{{{{ {source} }}}}`: there is no variable `{steps[0]}`: {_meant(str(steps[0]), ROOTS)}")
    if steps[0] == "header" and is_credential(str(steps[-1]).lower()):
        raise ValueError(f"`{{{{ {source} }}}}` is a credential, which no answer says: the journal would keep it")
    return Expression(source, steps, None, filters)


def _meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"


def _filters(source: str, at: int) -> Iterator[Applied]:
    while at < len(source):
        found = _FILTER.match(source, at)
        if found is None:
            raise ValueError(f'`{{{{ {source} }}}}`: after a value come filters, like `| upper` or `| default("?")`')
        name = found[1]
        if name not in FILTERS:
            raise ValueError(f"`{{{{ {source} }}}}`: there is no filter `{name}`: {_meant(name, FILTERS)}")
        arguments = tuple(_constant(literal) for literal in re.findall(_LITERAL, found[2] or ""))
        _check(name, arguments)
        yield name, arguments
        at = found.end()


def _check(name: str, arguments: Sequence[Any]) -> None:
    _, least, kinds = FILTERS[name]
    fitting = all(isinstance(argument, kind) for argument, kind in zip(arguments, kinds, strict=False))
    if not least <= len(arguments) <= len(kinds) or not fitting:
        names = {str: '"text"', int: "number", object: "value"}
        wanted = ", ".join(names[kind] for kind in kinds)
        raise ValueError(f"the filter `{name}` is written `{name}({wanted})`" if kinds else f"`{name}` takes nothing")


def _constant(literal: str) -> JSON:
    if literal[0] in "\"'":
        return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), literal[1:-1])
    named = {"true": True, "false": False, "null": None}
    if literal in named:
        return named[literal]
    return float(literal) if "." in literal else int(literal)


# ---- inside JSON


def strings(value: JSON) -> Iterator[str]:
    """All texts in a value that have an expression in them."""
    if isinstance(value, str):
        if "{{" in value:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def filled(value: JSON, variables: Variables) -> JSON:
    """The value with all templates in it filled in; keys stay as they are."""
    if isinstance(value, str):
        return Template.of(value).value(variables) if "{{" in value else value
    if isinstance(value, dict):
        return {key: filled(item, variables) for key, item in value.items()}
    return [filled(item, variables) for item in value] if isinstance(value, list) else value
