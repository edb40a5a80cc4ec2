"""Templates: texts with `{{ path | filter }}` expressions."""

import re
from collections.abc import Iterator
from typing import Self

from msgspec import Struct

from gemulator.core.json_types import JSON
from gemulator.core.text_cache import cache_texts
from gemulator.scenario.json_path import text_of
from gemulator.scenario.templates.expression import Expression, check_size, too_long
from gemulator.scenario.templates.filters import MAX_BYTES
from gemulator.scenario.templates.syntax import parse_expression
from gemulator.scenario.templates.variables import Variables

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.S)


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
                raise too_long()
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
        pieces += [text[at : hole.start()], parse_expression(hole[1].strip())]
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
