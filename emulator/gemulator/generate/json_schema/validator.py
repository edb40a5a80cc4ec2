"""Offline validation with jsonschema-rs; external references accept any value."""

from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache
from itertools import count
from typing import Any, NamedTuple

from gemulator.generate.json_schema.document import REFERENCES, Document, Sub, draft_of
from gemulator.generate.json_schema.evaluator import Evaluator
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.normalize import encode, normalise_encoded
from gemulator.generate.json_schema.sanitize import sanitize


class Validator:
    """Compiled validator of one schema, with and without formats."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._with_formats = _compile_validator(document.root, True)

    @property
    def is_compiled(self) -> bool:
        """Return True if jsonschema-rs accepts the schema; otherwise `Evaluator` validates."""
        return self._with_formats is not None

    def is_valid(self, value: Any) -> bool:
        """Return True if `value` is valid, formats included."""
        return self._check(self._with_formats, value)

    def is_valid_ignoring_formats(self, value: Any) -> bool:
        """Return True if `value` is valid when formats are annotations, the default of the specification."""
        return self._check(self._without_formats, value)

    @cached_property
    def _without_formats(self) -> Any:
        return _compile_validator(self._document.root, False)

    def problems(self, value: Any) -> Iterator[Any]:
        """Yield jsonschema-rs's errors, or one None if only `Evaluator` could check and rejected the value."""
        validator = self._with_formats
        if validator is None:
            yield from () if self._evaluate(value) else (None,)
            return
        try:
            yield from validator.iter_errors(value)
        except (ValueError, OverflowError):  # invalid UTF-8, numbers out of range
            yield from () if self._evaluate(value) else (None,)

    def _check(self, validator: Any, value: Any) -> bool:
        if validator is None:
            return self._evaluate(value)
        try:
            return bool(validator.is_valid(value))
        except (ValueError, OverflowError):
            return self._evaluate(value)

    def _evaluate(self, value: Any) -> bool:
        root = self._document
        return Evaluator(root, lambda steps: None).accepts(Sub(root.root, root.base), value)


def _compile_validator(schema: Any, with_formats: bool) -> Any:
    """Return the validator; None if jsonschema-rs rejects the schema."""
    try:
        return _classes()[draft_of(schema)](schema, offline=True, validate_formats=with_formats)
    except (ValueError, OverflowError, RecursionError):
        return None


@cache
def _classes() -> dict[int, Callable[..., Any]]:
    """Return the validator class of each draft; imports jsonschema-rs on first use."""
    import jsonschema_rs

    return {
        4: jsonschema_rs.Draft4Validator,
        6: jsonschema_rs.Draft6Validator,
        7: jsonschema_rs.Draft7Validator,
        19: jsonschema_rs.Draft201909Validator,
        20: jsonschema_rs.Draft202012Validator,
    }


def _sanitize_root(document: Document) -> Any:
    return sanitize(document.root)


def _without_external_refs(document: Document) -> Any:
    """Return the schema without external references; their sibling keywords apply in every draft."""

    def copy(node: Any, scope: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [copy(item, scope) for item in node]
        if not isinstance(node, dict):
            return node
        inner_scope = document.scope_inside(Sub(node, scope))
        return {
            name: copy(item, inner_scope)
            for name, item in node.items()
            if not (name in REFERENCES and isinstance(item, str) and document.is_external(item, inner_scope))
        }

    return copy(document.root, document.base)


class CompiledSchema(NamedTuple):
    """Document with its validator and the depths of its subschemas."""

    document: Document
    validator: Validator
    min_depths: MinDepths


def compile_schema(text: bytes) -> CompiledSchema:
    """Return the compiled schema for the text that `encode` wrote, normalised and repaired if necessary.

    A schema is cached from its second use on, so that one-off schemas evict nothing and are freed at once.
    """
    return _compile_cached(text) if next(_sightings(hash(text))) else _compile(text)


@lru_cache(maxsize=4096)
def _sightings(text_hash: int) -> Iterator[int]:
    return count()


@lru_cache(maxsize=256)
def _compile_cached(text: bytes) -> CompiledSchema:
    return _compile(text)


def _compile(text: bytes) -> CompiledSchema:
    document = Document(normalise_encoded(text))
    validator = Validator(document)
    for repair in (_without_external_refs, _sanitize_root):
        if validator.is_compiled:
            break
        document = Document(repair(document))
        validator = Validator(document)
    return CompiledSchema(document, validator, MinDepths(document))


def problem_with(schema: Any, value: Any) -> str | None:
    """Return why `value` is invalid, prefixed with the path in the value; None if it is valid."""
    if schema is True or schema == {}:
        return None
    for problem in compile_schema(encode(schema)).validator.problems(value):
        if problem is None:
            return "The value is not valid under the schema."
        path = ".".join(map(str, problem.instance_path))
        return f"{path}: {problem.message}" if path else str(problem.message)
    return None
