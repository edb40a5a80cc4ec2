"""Parsed expressions of templates, and their values."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON
from gemulator.scenario.json_path import Step, text_of
from gemulator.scenario.templates.filters import DEFAULT, FILTERS, MAX_BYTES, TEXT_FILTERS
from gemulator.scenario.templates.variables import FUNCTIONS, Variables
from gemulator.scenario.templates.work import EXPRESSION, Work

_MAX_SHOWN = 200  # characters of an expression in messages
_LARGEST = 2**63
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")

FilterCall: TypeAlias = tuple[str, tuple[Any, ...]]


class Operand(Struct, frozen=True):
    """A literal, a path, the call of a function, or an operation in parentheses; then filters."""

    literal: JSON = None
    path: tuple[Step, ...] = ()
    arguments: tuple[Any, ...] | None = None
    inner: "Operand | Operation | None" = None
    filters: tuple[FilterCall, ...] = ()

    @property
    def paths(self) -> Iterator[tuple[Step, ...]]:
        """Yield the paths of all variables."""
        if self.inner is not None:
            yield from self.inner.paths
        elif self.path:
            yield self.path

    def value(self, variables: Variables) -> JSON:
        """Return the value for a request. Raises LookupError if the request lacks it, ValueError, ReplyError."""
        variables.work.spend(EXPRESSION)
        try:
            found = self._head(variables)
        except LookupError:
            fallback = next((arguments for name, arguments in self.filters if name == DEFAULT), None)
            if fallback is None:
                raise
            found = fallback[0]
        for name, arguments in self.filters:
            found = _apply(name, found, arguments, variables.work)
        return found

    def _head(self, variables: Variables) -> JSON:
        if self.inner is not None:
            return self.inner.value(variables)
        if self.arguments is not None:
            return FUNCTIONS[str(self.path[0])].call(variables, *self.arguments)
        return variables.find(self.path) if self.path else self.literal


class Operation(Struct, frozen=True):
    """Numbers joined by operators of one rank, from left to right."""

    first: "Operand | Operation"
    rest: Sequence[tuple[str, "Operand | Operation"]]

    @property
    def paths(self) -> Iterator[tuple[Step, ...]]:
        """Yield the paths of all variables."""
        yield from self.first.paths
        for _, operand in self.rest:
            yield from operand.paths

    def value(self, variables: Variables) -> JSON:
        """Return the number for a request. Raises what `Operand.value` raises."""
        left = self.first.value(variables)
        for operator, operand in self.rest:
            left = _compute(operator, left, operand.value(variables))
        return left


class Expression(Struct, frozen=True):
    """A parsed expression. `source` is its text in the template."""

    source: str
    tree: Operand | Operation

    def __str__(self) -> str:
        shown = self.source if len(self.source) <= _MAX_SHOWN else f"{self.source[:_MAX_SHOWN]}…"
        return f"`{{{{ {shown} }}}}`"

    @property
    def paths(self) -> Iterator[tuple[Step, ...]]:
        """Yield the paths of all variables."""
        return self.tree.paths

    def value(self, variables: Variables) -> JSON:
        """Return the value for a request. Raises ReplyError if the request does not have it, or it takes too much."""
        try:
            return self.tree.value(variables)
        except (LookupError, ValueError, OverflowError) as error:
            raise ReplyError(f"{self}: {error.args[0]}") from None


def _apply(name: str, value: JSON, arguments: tuple[Any, ...], work: Work) -> JSON:
    read = text_of(value) if name in TEXT_FILTERS else value
    work.spend_on(read)
    written = check_size(FILTERS[name][0](read, *arguments))
    work.spend_on(written)
    return written


def _compute(operator: str, left: JSON, right: JSON) -> int | float:
    a, b = _number(operator, left), _number(operator, right)
    if operator == "/":
        if b == 0:
            raise ValueError("a number is divided by 0")
        result = a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b
    else:
        result = a + b if operator == "+" else a - b if operator == "-" else a * b
    if not math.isfinite(result) or abs(result) >= _LARGEST:
        raise ValueError("the number is too large")
    return result


def _number(operator: str, value: JSON) -> int | float:
    """Return a number, or that of a text. Raises ValueError."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{operator}` needs numbers, not {text_of(value)[:40]}")
    return value


def check_size(value: JSON) -> JSON:
    """Return the value. Raises ReplyError if it is too large."""
    if isinstance(value, str) and len(value) > MAX_BYTES // 4 and len(value.encode()) > MAX_BYTES:
        raise too_long()
    return value


def too_long() -> ReplyError:
    """Return the error of a template whose result is too large."""
    return ReplyError(f"the result of a template exceeds {MAX_BYTES:,} bytes")
