"""Value generation: validated attempts, then the canonical form, then a refusal."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain, repeat
from typing import Any, TypeAlias

from msgspec.structs import replace

from gemulator.core.budget import BYTES_PER_STEP, LETTERS_PER_STEP, LOOP_STEPS, Budget, BudgetExceeded
from gemulator.core.errors import Unsatisfiable, UnsatisfiableWithinDepth, UnsatisfiableWithinLimit
from gemulator.core.seed import Seed
from gemulator.generate.json_schema.backtracking import DeadEnd, OutOfWork, TooDeep
from gemulator.generate.json_schema.context import GenerationContext, GenerationOptions, SchemaLocation
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.fake_words import Words
from gemulator.generate.json_schema.generator import ValueGenerator
from gemulator.generate.json_schema.hint_source import HintSource
from gemulator.generate.json_schema.json_value import JSON
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.normalize import encode
from gemulator.generate.json_schema.validator import CompiledSchema, Validator, compile_schema
from gemulator.generate.reference_day import REFERENCE_DAY

_DEFAULT = GenerationOptions(optional=0.5)
_BRIEF = GenerationOptions(optional=0.0, brief=True)
_FULL = GenerationOptions(optional=1.0)
_ATTEMPT_OPTIONS = (_DEFAULT, _DEFAULT, _BRIEF, _DEFAULT, _FULL, _BRIEF, _DEFAULT, _DEFAULT)
_ATTEMPT_STEPS = 7_000  # per attempt
_SHORT_ATTEMPT_STEPS = 2_500  # per attempt that is brief or has shares; these go first once another has run out
_TOTAL_STEPS = 17_000  # for all attempts
_SHARES = (500, None, 500, 1_000)  # steps of each alternative in the attempts after the first that has run out
_Attempt: TypeAlias = tuple[int, int | None]  # number of the options, share of each alternative
_CANONICAL_LIMIT = 1_500  # bytes; canonicalization gets slow beyond
_MULTIPLYING_KEYWORDS = (
    b'"anyOf"',
    b'"oneOf"',
    b'"not"',
    b'"if"',
    b'"dependent',
    b'"dependencies"',
    b'Ref"',
    b'"$ref"',
)
_CANONICAL_BRANCHES = 8
_LARGE_COUNT = re.compile(rb"\{,?[0-9]{3}")  # in a pattern, which takes long to compile
_NO_PROBLEM = DeadEnd((), "no generated value is valid under the whole schema")


def _attempts(
    compiled: CompiledSchema, context: GenerationContext, seed: Seed, given: Mapping[str, Any], budget: Budget
) -> Iterator["JSON | DeadEnd"]:
    """Yield values generated with different options, or the DeadEnd of a failed attempt.

    The first attempt that runs out is repeated with a share for each alternative, so that none takes all of the steps.
    """
    document = compiled.document
    subs = [Sub(document.root, document.base)]
    if given:
        subs.insert(0, Sub(_given_schema(given), document.base))
    steps_left = min(_TOTAL_STEPS, budget.left)
    if not steps_left:
        yield OutOfWork()
    plan: list[_Attempt] = [(number, None) for number in range(len(_ATTEMPT_OPTIONS))]
    has_run_out = False
    while plan and steps_left > 0:
        number, share = plan.pop(0)
        options = replace(_ATTEMPT_OPTIONS[number], share=share)
        start = seed.child("try", number) if number else seed
        attempt = budget.part(min(_SHORT_ATTEMPT_STEPS if options.brief or share else _ATTEMPT_STEPS, steps_left))
        generator = ValueGenerator(document, compiled.min_depths, context, options, attempt)
        try:
            yield generator.value(subs, SchemaLocation((), "", 0, start))
        except DeadEnd as dead_end:
            yield dead_end
        except (BudgetExceeded, RecursionError, OverflowError) as error:
            yield TooDeep((), "its parts nest too deeply") if isinstance(error, RecursionError) else OutOfWork()
            plan = plan if has_run_out else _plan_with_shares(number, plan)
            has_run_out = True
        steps_left -= attempt.spent
        budget.add(attempt.spent)


def _plan_with_shares(failed: int, rest: list[_Attempt]) -> list[_Attempt]:
    """Return the attempts after the first that has run out: itself with shares, then brief ones, then others."""
    others = sorted((number for number, _ in rest), key=lambda number: not _ATTEMPT_OPTIONS[number].brief)
    return list(zip([failed, *others], chain(_SHARES, repeat(_SHARES[-1])), strict=False))


def _canonical_attempts(
    compiled: CompiledSchema, context: GenerationContext, seed: Seed, given: Mapping[str, Any], budget: Budget
) -> Iterator["JSON | DeadEnd"]:
    """Yield attempts on the canonical form, which may be easier to satisfy, or nothing if it admits no value."""
    document = _canonical(compiled.document)
    if document is not None:
        form = CompiledSchema(document, compiled.validator, MinDepths(document))
        yield from _attempts(form, context, seed.child("canonical"), given, budget)


def _given_schema(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(given),
        "properties": {name: {"const": value} for name, value in given.items()},
    }


def value_for(
    schema: Any,
    seed: int | Seed = 0,
    *,
    hints: HintSource | None = None,
    given: Mapping[str, Any] | None = None,
    locale: str = "en_US",
    reference_day: date = REFERENCE_DAY,
    budget: Budget | None = None,
) -> JSON:
    """Return a plausible value that is valid under `schema`, which is not modified and may be any JSON value.

    `given` fixes properties, and the others are generated to match; `hints` offers values found in the prompt; dates
    lie around `reference_day`; `budget` is the work limit of the whole request. Raises Unsatisfiable if no value exists
    or, as UnsatisfiableWithinLimit, none was found within the work limit.
    """
    text = encode(schema)
    budget = budget or Budget()
    _charge(text, budget)
    compiled = compile_schema(text)
    context = GenerationContext(Words(locale), reference_day, hints)
    start = seed if isinstance(seed, Seed) else Seed.root("value", seed)
    fixed = dict(given or {})
    first: DeadEnd | None = None
    failed_values: list[JSON] = []
    for value in _attempts(compiled, context, start, fixed, budget):
        if isinstance(value, DeadEnd):
            first = first or value
        elif compiled.validator.is_valid(value):
            return value
        else:
            failed_values.append(value)
    canonical_values = (
        _canonical_attempts(compiled, context, start, fixed, budget) if _may_be_canonicalized(text) else ()
    )
    for value in chain(failed_values, canonical_values):
        if not isinstance(value, DeadEnd) and compiled.validator.is_valid_ignoring_formats(value):
            return value
    raise _unsatisfiable(compiled.validator, fixed, first or _NO_PROBLEM)


def _charge(text: bytes, budget: Budget) -> None:
    """Add the work of compiling a schema. Raise WorkerNeeded if its values may take long in the event loop."""
    budget.add(len(text) // BYTES_PER_STEP)
    if _LARGE_COUNT.search(text):
        budget.expect(LOOP_STEPS + 1)
    elif b'"pattern' in text:
        budget.expect(len(text) // LETTERS_PER_STEP)


def _unsatisfiable(validator: Validator, given: Mapping[str, Any], first: DeadEnd) -> Unsatisfiable:
    """Return the error to raise: about the given values if they are invalid, otherwise the first dead end."""
    for problem in validator.problems(given) if given else ():
        if problem is not None and problem.instance_path:
            path = ".".join(
                f"properties.{step}" if isinstance(step, str) else "items" for step in problem.instance_path
            )
            return Unsatisfiable(path, f"the given value is invalid: {problem.message}")
        if problem is not None and problem.kind.name in ("additionalProperties", "unevaluatedProperties"):
            return Unsatisfiable(f"properties.{problem.kind.unexpected[0]}", "a property of that name is not allowed")
    return _ERRORS.get(type(first), Unsatisfiable)(".".join(first.path), first.reason)


_ERRORS: dict[type[DeadEnd], type[Unsatisfiable]] = {
    OutOfWork: UnsatisfiableWithinLimit,
    TooDeep: UnsatisfiableWithinDepth,
}


def _may_be_canonicalized(text: bytes) -> bool:
    """Return True if the canonical form is known to be computed fast: it multiplies branches and references."""
    if len(text) > _CANONICAL_LIMIT:
        return False
    return sum(map(text.count, _MULTIPLYING_KEYWORDS)) <= _CANONICAL_BRANCHES


def _canonical(document: Document) -> Document | None:
    """Return the canonical form; None if it admits no value or cannot be computed."""
    import jsonschema_rs
    from jsonschema_rs.canonical import CanonicalizationError, Satisfiability

    try:
        form = jsonschema_rs.canonicalize(document.root, draft=document.draft, offline=True)
        if form.satisfiability() is Satisfiability.NO:
            return None
        return Document(form.to_json_schema())
    except (ValueError, CanonicalizationError):
        return None
