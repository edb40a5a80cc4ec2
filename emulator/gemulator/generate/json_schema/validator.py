"""Offline validation with jsonschema-rs; external references accept any value."""

from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache
from itertools import count
from typing import Any, NamedTuple

from gemulator.core.budget import Budget, BudgetExceeded
from gemulator.core.errors import Unsatisfiable
from gemulator.core.text_cache import CostCache
from gemulator.generate.json_schema.document import REFERENCES, Document, Sub
from gemulator.generate.json_schema.evaluator import Evaluator
from gemulator.generate.json_schema.expansion import Expansion
from gemulator.generate.json_schema.limits import check_limits
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.normalize import decode, encode, rewrite_spelling
from gemulator.generate.json_schema.sanitize import sanitize
from gemulator.generate.regex import engine_options

# jsonschema-rs visits a definition once for each use. Compiling takes time squared in the length of a chain of them.
_MAX_NATIVE_STEPS = 1_000_000  # about 15 ms
_MAX_NATIVE_REFERENCES = 5_000
_MAX_COMPILE_STEPS = 50_000
_EVALUATOR_STEPS = 100_000


class Validator:
    """Compiled validator of one schema, with and without formats.

    `references` is the number of its references, `unevaluated` tells if it has such keywords beside them,
    `long_pattern` if one of its patterns is long.
    A value for which jsonschema-rs would take too many steps is checked by `Evaluator`, without formats.
    """

    def __init__(
        self, document: Document, references: int = 0, *, unevaluated: bool = False, long_pattern: bool = False
    ) -> None:
        self._document = document
        self._references = references
        is_short = references <= _MAX_NATIVE_REFERENCES and not long_pattern
        self._is_small = is_short and not (unevaluated and self._is_compiled_slowly())
        self._with_formats = _compile_validator(document, True) if self._is_small else None

    @property
    def is_malformed(self) -> bool:
        """Return True if jsonschema-rs rejects the schema."""
        return self._with_formats is None and self._is_small

    def is_valid(self, value: Any) -> bool:
        """Return True if `value` is valid, formats included."""
        return self._check(self._with_formats, value)

    def is_valid_ignoring_formats(self, value: Any) -> bool:
        """Return True if `value` is valid when formats are annotations, the default of the specification."""
        return self._check(self._without_formats, value)

    @cached_property
    def _without_formats(self) -> Any:
        return _compile_validator(self._document, False) if self._is_small else None

    def problems(self, value: Any) -> Iterator[Any]:
        """Yield jsonschema-rs's errors, or one None if only `Evaluator` could check and rejected the value."""
        validator = self._with_formats
        if validator is None or not self._is_affordable(value):
            yield from () if self._evaluate(value) is not False else (None,)
            return
        try:
            yield from validator.iter_errors(value)
        except (ValueError, OverflowError):  # invalid UTF-8, numbers out of range
            yield from () if self._evaluate(value) is not False else (None,)

    def _check(self, validator: Any, value: Any) -> bool:
        if validator is None or not self._is_affordable(value):
            return self._evaluate(value) is True
        try:
            return bool(validator.is_valid(value))
        except (ValueError, OverflowError):
            return self._evaluate(value) is True

    def _is_affordable(self, value: Any) -> bool:
        """Return True if jsonschema-rs validates the value in a limited number of steps."""
        if self._references < 2:
            return True
        root = Sub(self._document.root, self._document.base)
        try:
            return Expansion(self._document).steps(root, value) <= _MAX_NATIVE_STEPS
        except RecursionError:
            return False

    def _is_compiled_slowly(self) -> bool:
        """Return True if jsonschema-rs would compile too many subschemas, those of shared definitions each time."""
        root = Sub(self._document.root, self._document.base)
        try:
            return Expansion(self._document).compile_steps(root) > _MAX_COMPILE_STEPS
        except RecursionError:
            return True

    def _evaluate(self, value: Any) -> bool | None:
        """Return the verdict of `Evaluator`; None if it takes too many steps or nests too deeply."""
        root = self._document
        evaluator = Evaluator(root, Budget(_EVALUATOR_STEPS).spend)
        try:
            accepted = evaluator.accepts(Sub(root.root, root.base), value)
        except (BudgetExceeded, RecursionError):
            return None
        return None if accepted and evaluator.is_cut else accepted


def _compile_validator(document: Document, with_formats: bool) -> Any:
    """Return the validator; None if jsonschema-rs rejects the schema."""
    try:
        return _classes()[document.draft](
            document.root, offline=True, validate_formats=with_formats, pattern_options=engine_options()
        )
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
    cost: int = 0  # bytes of memory, estimated


def compile_schema(text: bytes) -> CompiledSchema:
    """Return the compiled schema for the text that `encode` wrote, normalised and repaired if necessary.

    A schema is cached from its second use on, so that one-off schemas evict nothing and are freed at once.
    """
    found = _compiled.get(text)
    if found is None:
        found = _compile(text)
        if next(_sightings(hash(text))):
            _compiled.store(text, found, found.cost)
    return found


@lru_cache(maxsize=4096)
def _sightings(text_hash: int) -> Iterator[int]:
    return count()


_compiled: CostCache[bytes, CompiledSchema] = CostCache(50_000_000)
_BYTES_PER_CHARACTER = 20  # of a schema; its tree, its validator and its depths
_BYTES_PER_WEIGHT = 20  # of a pattern


def _compile(text: bytes) -> CompiledSchema:
    root = decode(text)
    weight, long_pattern = check_limits(text, root)
    document = Document(rewrite_spelling(text, root))
    references = text.count(b'ef":"') if text.count(b"$") > 1 else 0  # counting one letter is faster
    unevaluated = references > 1 and b'"unevaluated' in text
    validator = Validator(document, references, unevaluated=unevaluated, long_pattern=long_pattern)
    for repair in (_without_external_refs, _sanitize_root):
        if not validator.is_malformed:
            break
        document = Document(repair(document))
        validator = Validator(document, references, unevaluated=unevaluated, long_pattern=long_pattern)
    cost = _BYTES_PER_CHARACTER * len(text) + _BYTES_PER_WEIGHT * weight
    return CompiledSchema(document, validator, MinDepths(document), cost)


def problem_with(schema: Any, value: Any) -> str | None:
    """Return why `value` is invalid, prefixed with the path in the value.

    None if it is valid, or if the schema takes too much work to tell.
    """
    if schema is True or schema == {}:
        return None
    try:
        validator = compile_schema(encode(schema)).validator
    except Unsatisfiable:
        return None
    for problem in validator.problems(value):
        if problem is None:
            return "The value is not valid under the schema."
        path = ".".join(map(str, problem.instance_path))
        return f"{path}: {problem.message}" if path else str(problem.message)
    return None
