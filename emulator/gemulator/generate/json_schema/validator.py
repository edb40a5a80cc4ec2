"""Checks whole values with jsonschema-rs, offline: references that leave the document admit any value."""

from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache
from itertools import count
from typing import Any, NamedTuple

from gemulator.generate.json_schema.document import REFERENCES, Document, Sub, draft_of
from gemulator.generate.json_schema.evaluator import Evaluator
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.normalize import encoded, normalised_text
from gemulator.generate.json_schema.sanitize import sanitize


class Validator:
    """The compiled validator of one schema, with and without formats."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._with_formats = _compiled(document.root, True)

    @property
    def is_compiled(self) -> bool:
        """Whether jsonschema-rs takes the schema; else our own, simpler check answers."""
        return self._with_formats is not None

    def fits(self, value: Any) -> bool:
        """Whether `value` is valid, formats included."""
        return self._is_valid(self._with_formats, value)

    def fits_loosely(self, value: Any) -> bool:
        """Whether `value` is valid where formats are but annotations, as in the specification's default."""
        return self._is_valid(self._without_formats, value)

    @cached_property
    def _without_formats(self) -> Any:
        return _compiled(self._document.root, False)

    def problems(self, value: Any) -> Iterator[Any]:
        """jsonschema-rs's errors; one None where only our own check could be asked, and it said no."""
        validator = self._with_formats
        if validator is None:
            yield from () if self._admits(value) else (None,)
            return
        try:
            yield from validator.iter_errors(value)
        except (ValueError, OverflowError):  # text that is no UTF-8, numbers out of range
            yield from () if self._admits(value) else (None,)

    def _is_valid(self, validator: Any, value: Any) -> bool:
        if validator is None:
            return self._admits(value)
        try:
            return bool(validator.is_valid(value))
        except (ValueError, OverflowError):
            return self._admits(value)

    def _admits(self, value: Any) -> bool:
        root = self._document
        return Evaluator(root, lambda steps: None).accepts(Sub(root.root, root.base), value)


def _compiled(schema: Any, formats: bool) -> Any:
    """The validator, or None where jsonschema-rs does not take the schema: then `Evaluator` answers."""
    try:
        return _classes()[draft_of(schema)](schema, offline=True, validate_formats=formats)
    except (ValueError, OverflowError, RecursionError):
        return None


@cache
def _classes() -> dict[int, Callable[..., Any]]:
    """The validator class of each draft: loaded with the first of them."""
    import jsonschema_rs

    return {
        4: jsonschema_rs.Draft4Validator,
        6: jsonschema_rs.Draft6Validator,
        7: jsonschema_rs.Draft7Validator,
        19: jsonschema_rs.Draft201909Validator,
        20: jsonschema_rs.Draft202012Validator,
    }


def _repaired(document: Document) -> Any:
    return sanitize(document.root)


def _closed(document: Document) -> Any:
    """The schema without references that leave it: what stands beside them holds in every draft."""

    def copy(node: Any, scope: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [copy(item, scope) for item in node]
        if not isinstance(node, dict):
            return node
        inside = document.enter(Sub(node, scope))
        return {
            name: copy(item, inside)
            for name, item in node.items()
            if not (name in REFERENCES and isinstance(item, str) and document.is_external(item, inside))
        }

    return copy(document.root, document.base)


class Checked(NamedTuple):
    """A document that can be read, and what is known about it."""

    document: Document
    checker: Validator
    heights: MinDepths


def checked(text: bytes) -> Checked:
    """The schema of that text (see `encoded`), in standard spelling and without what makes no sense in it.

    It is kept from its second sight on: one that is never seen again pushes no other out, and is gone while its
    memory is still at hand, which is much cheaper than later.
    """
    return _kept(text) if next(_sights(hash(text))) else _read(text)


@lru_cache(maxsize=4096)
def _sights(text_hash: int) -> Iterator[int]:
    return count()


@lru_cache(maxsize=256)
def _kept(text: bytes) -> Checked:
    return _read(text)


def _read(text: bytes) -> Checked:
    document = Document(normalised_text(text))
    checker = Validator(document)
    for mend in (_closed, _repaired):
        if checker.is_compiled:
            break
        document = Document(mend(document))
        checker = Validator(document)
    return Checked(document, checker, MinDepths(document))


def problem_with(schema: Any, value: Any) -> str | None:
    """Why `value` does not fit `schema`, as a short sentence with the place in the value; None where it fits."""
    if schema is True or schema == {}:
        return None
    for problem in checked(encoded(schema)).checker.problems(value):
        if problem is None:
            return "The value does not fit the schema."
        place = ".".join(map(str, problem.instance_path))
        return f"{place}: {problem.message}" if place else str(problem.message)
    return None
