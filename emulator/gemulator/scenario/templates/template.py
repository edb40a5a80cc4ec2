"""Templates: texts with `{{ path | filter }}` expressions."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self, TypeAlias

from msgspec import Struct

from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON
from gemulator.core.secrets import is_credential
from gemulator.core.text_cache import cache_texts
from gemulator.scenario import json_path as paths
from gemulator.scenario.json_path import text_of
from gemulator.scenario.templates.filters import DEFAULT, FILTERS, MAX_BYTES, TEXT_FILTERS
from gemulator.scenario.templates.variables import ROOTS, Variables
from gemulator.scenario.templates.work import EXPRESSION, Work

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.S)
_LITERAL = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?|true|false|null"
_PATH = r"(?:\[\"[^\"]*\"\]|\['[^']*'\]|[^\s|()\"'])+"
_HEAD = re.compile(rf"\s*(?:({_LITERAL})(?![\w.])|({_PATH}))\s*")
_FILTER = re.compile(rf"\|\s*+(\w++)\s*+(?:\(\s*+((?:{_LITERAL})(?:\s*+,\s*+(?:{_LITERAL}))*+)?\s*+\))?\s*+")

_MAX_SHOWN = 200  # characters of an expression in messages
_MAX_DIGITS = 18  # of a whole number; any of them fits into 64 bits

FilterCall: TypeAlias = tuple[str, tuple[Any, ...]]


class Expression(Struct, frozen=True):
    """A parsed expression: path or literal, then filters. `source` is its text in the template."""

    source: str
    path: tuple[paths.Step, ...]
    literal: JSON
    filters: tuple[FilterCall, ...]

    def __str__(self) -> str:
        shown = self.source if len(self.source) <= _MAX_SHOWN else f"{self.source[:_MAX_SHOWN]}…"
        return f"`{{{{ {shown} }}}}`"

    def value(self, variables: Variables) -> JSON:
        """Return the value for a request. Raises ReplyError if the request does not have it, or it takes too much."""
        variables.work.spend(EXPRESSION)
        try:
            found = variables.find(self.path) if self.path else self.literal
        except LookupError as error:
            fallback = next((arguments for name, arguments in self.filters if name == DEFAULT), None)
            if fallback is None:
                raise ReplyError(f"{self}: {error.args[0]}") from None
            found = fallback[0]
        for name, arguments in self.filters:
            found = self._apply(name, found, arguments, variables.work)
        return found

    def _apply(self, name: str, value: JSON, arguments: tuple[Any, ...], work: Work) -> JSON:
        try:
            read = text_of(value) if name in TEXT_FILTERS else value
            work.spend_on(read)
            written = check_size(FILTERS[name][0](read, *arguments))
            work.spend_on(written)
            return written
        except (ValueError, OverflowError) as error:
            raise ReplyError(f"{self}: {error}") from None


def check_size(value: JSON) -> JSON:
    """Return the value. Raises ReplyError if it is too large."""
    if isinstance(value, str) and len(value) > MAX_BYTES // 4 and len(value.encode()) > MAX_BYTES:
        raise _too_long()
    return value


def _too_long() -> ReplyError:
    return ReplyError(f"the result of a template exceeds {MAX_BYTES:,} bytes")


class Template(Struct, frozen=True):
    """A parsed template: literal texts and expressions."""

    pieces: tuple[str | Expression, ...]

    @property
    def expressions(self) -> Iterator[Expression]:
        return (piece for piece in self.pieces if isinstance(piece, Expression))

    def text(self, variables: Variables) -> str:
        """Return the text with all expressions filled in. Raises ReplyError if it is too long."""
        out: list[str] = []
        left = MAX_BYTES
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
                continue
            text = text_of(piece.value(variables))
            variables.work.spend(len(text))
            left -= len(text)
            if left < 0:
                raise _too_long()
            out.append(text)
        filled = "".join(out)
        check_size(filled)
        return filled

    def value(self, variables: Variables) -> JSON:
        """Fill in the template; a template of one expression keeps the type of its value."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], Expression):
            value = self.pieces[0].value(variables)
            text = text_of(value)
            check_size(text)
            variables.work.spend(len(text))
            return value
        return self.text(variables)

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse a text. Raises ValueError if it is invalid."""
        return cls(_parse(text))


@cache_texts(4_096, 2_000, 64)
def _parse(text: str) -> tuple[str | Expression, ...]:
    pieces: list[str | Expression] = []
    at = 0
    for hole in _find_braces(text):
        pieces += [text[at : hole.start()], _parse_expression(hole[1].strip())]
        at = hole.end()
    pieces.append(text[at:])
    if any(isinstance(piece, str) and "{{" in piece for piece in pieces):
        raise ValueError("`{{` is not closed: write `{{ user }}`, or `{{ '{{' }}` for two braces")
    return tuple(piece for piece in pieces if piece != "")


_QUOTING_BRACES = re.compile(r"\{\{((?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\"'{}])*)\}\}", re.S)


def _find_braces(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of `{{ … }}`; braces in quotes belong to the expression."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        hole = _QUOTING_BRACES.match(text, start) or _BRACES.match(text, start)
        if hole is None:
            return
        yield hole
        at = hole.end()


def _parse_expression(source: str) -> Expression:
    head = _HEAD.match(source)
    if head is None:
        raise ValueError(f"`{{{{ {source} }}}}` is not an expression: write a path like `user` or `tool_result.temp`")
    literal, path = head.groups()
    filters = tuple(_parse_filters(source, head.end()))
    if literal is not None:
        return Expression(source, (), _parse_literal(literal), filters)
    steps = paths.steps(path)
    if steps[0] not in ROOTS:
        raise ValueError(f"`{{{{ {source} }}}}`: unknown variable `{steps[0]}`: {_suggestion(str(steps[0]), ROOTS)}")
    if steps[0] == "header" and is_credential(str(steps[-1]).lower()):
        raise ValueError(f"`{{{{ {source} }}}}` is a credential, which the journal would store: use another header")
    return Expression(source, steps, None, filters)


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1)
    return f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(known)}"


def _parse_filters(source: str, at: int) -> Iterator[FilterCall]:
    while at < len(source):
        found = _FILTER.match(source, at)
        if found is None:
            raise ValueError(f'`{{{{ {source} }}}}`: expected a filter like `| upper` or `| default("?")`')
        name = found[1]
        if name not in FILTERS:
            raise ValueError(f"`{{{{ {source} }}}}`: unknown filter `{name}`: {_suggestion(name, FILTERS)}")
        arguments = tuple(_parse_literal(literal) for literal in re.findall(_LITERAL, found[2] or ""))
        _check_arguments(name, arguments)
        yield name, arguments
        at = found.end()


def _check_arguments(name: str, arguments: Sequence[Any]) -> None:
    _, required, kinds = FILTERS[name]
    fitting = all(isinstance(argument, kind) for argument, kind in zip(arguments, kinds, strict=False))
    if not required <= len(arguments) <= len(kinds) or not fitting:
        names = {str: '"text"', int: "number", object: "value"}
        parameters = ", ".join(names[kind] for kind in kinds)
        raise ValueError(
            f"write the filter as `{name}({parameters})`" if kinds else f"the filter `{name}` takes no arguments"
        )


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


# ---- JSON values


def template_strings(value: JSON) -> Iterator[str]:
    """Yield all texts in a value that contain an expression."""
    if isinstance(value, str):
        if "{{" in value:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from template_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from template_strings(item)


def fill(value: JSON, variables: Variables) -> JSON:
    """Return the value with all templates filled in; keys are not templates."""
    if isinstance(value, str):
        return Template.of(value).value(variables) if "{{" in value else value
    if isinstance(value, dict):
        return {key: fill(item, variables) for key, item in value.items()}
    return [fill(item, variables) for item in value] if isinstance(value, list) else value
