"""The whole way from a schema to a value: tries that are each checked, the canonical form after them, or a refusal."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any

from gemulator.core.errors import Unsatisfiable
from gemulator.core.seed import Seed
from gemulator.generate.json_schema.backtracking import Budget, BudgetExceeded, DeadEnd
from gemulator.generate.json_schema.context import GenerationContext, GenerationOptions, SchemaLocation
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.fake_words import Words
from gemulator.generate.json_schema.generator import ValueGenerator
from gemulator.generate.json_schema.hint_source import HintSource
from gemulator.generate.json_schema.json_value import JSON
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.normalize import encoded
from gemulator.generate.json_schema.validator import Checked, Validator, checked
from gemulator.generate.reference_day import REFERENCE_DAY

_USUAL = GenerationOptions(optional=0.5)
_BRIEF = GenerationOptions(optional=0.0, brief=True)
_FULL = GenerationOptions(optional=1.0)
_TRIES = (_USUAL, _USUAL, _BRIEF, _USUAL, _FULL, _BRIEF, _USUAL, _USUAL)
_STEPS = 7_000  # of one try; a step takes 2 to 20 µs
_BRIEF_STEPS = 2_500  # of a brief one: it goes first once another has run out
_ALL_STEPS = 17_000  # of all tries
_CANONICAL_LIMIT = 6_000  # bytes: the canonical form's cost grows fast
_NO_PROBLEM = DeadEnd((), "none of the values that were drawn fits it as a whole")


def _tries(
    known: Checked, setting: GenerationContext, seed: Seed, given: Mapping[str, Any]
) -> Iterator["JSON | DeadEnd"]:
    """Values drawn in different manners; a Stuck where a try led nowhere."""
    document = known.document
    subs = [Sub(document.root, document.base)]
    if given:
        subs.insert(0, Sub(_fixed(given), document.base))
    left = _ALL_STEPS
    order = [*range(len(_TRIES))]
    while order and left > 0:
        number = order.pop(0)
        manner = _TRIES[number]
        start = seed.child("try", number) if number else seed
        budget = Budget(min(_BRIEF_STEPS if manner.brief else _STEPS, left))
        drawing = ValueGenerator(document, known.heights, setting, manner, budget)
        try:
            yield drawing.value(subs, SchemaLocation((), "", 0, start))
        except DeadEnd as stuck:
            yield stuck
        except (BudgetExceeded, RecursionError, OverflowError):
            yield DeadEnd((), "it takes too much work to find a value")
            order.sort(key=lambda number: not _TRIES[number].brief)
        left -= budget.spent


def _last_tries(
    known: Checked, setting: GenerationContext, seed: Seed, given: Mapping[str, Any]
) -> Iterator["JSON | DeadEnd"]:
    """Tries on the canonical form, which may be easier to draw from, or prove that there is no value."""
    document = _canonical(known.document)
    if document is not None:
        form = Checked(document, known.checker, MinDepths(document))
        yield from _tries(form, setting, seed.child("canonical"), given)


def _fixed(given: Mapping[str, Any]) -> dict[str, Any]:
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
) -> JSON:
    """A plausible value that is valid under `schema`, which may be anything a user sends; it is never changed.

    `given` are properties that are fixed: the rest is completed around them. `hints` offers what the prompt says.
    Dates lie around `reference_day`. Raises Unsatisfiable where no value exists, or none could be found.
    """
    text = encoded(schema)
    known = checked(text)
    setting = GenerationContext(Words(locale), reference_day, hints)
    start = seed if isinstance(seed, Seed) else Seed.root("value", seed)
    fixed = dict(given or {})
    first: DeadEnd | None = None
    loose: list[JSON] = []
    for value in _tries(known, setting, start, fixed):
        if isinstance(value, DeadEnd):
            first = first or value
        elif known.checker.fits(value):
            return value
        else:
            loose.append(value)
    last = _last_tries(known, setting, start, fixed) if len(text) <= _CANONICAL_LIMIT else ()
    for value in chain(loose, last):
        if not isinstance(value, DeadEnd) and known.checker.fits_loosely(value):
            return value
    raise _refusal(known.checker, fixed, first or _NO_PROBLEM)


def _refusal(checker: Validator, given: Mapping[str, Any], first: DeadEnd) -> Unsatisfiable:
    """Names what is wrong with the author's own values, if that is what it is."""
    for problem in checker.problems(given) if given else ():
        if problem is not None and problem.instance_path:
            path = ".".join(
                f"properties.{step}" if isinstance(step, str) else "items" for step in problem.instance_path
            )
            return Unsatisfiable(path, f"the given value does not fit: {problem.message}")
        if problem is not None and problem.kind.name in ("additionalProperties", "unevaluatedProperties"):
            return Unsatisfiable(f"properties.{problem.kind.unexpected[0]}", "a property of that name is not allowed")
    return Unsatisfiable(".".join(first.path), first.reason)


def _canonical(document: Document) -> Document | None:
    """The canonical form; None where it admits nothing, or cannot be had."""
    import jsonschema_rs
    from jsonschema_rs.canonical import CanonicalizationError, Satisfiability

    try:
        form = jsonschema_rs.canonicalize(document.root, draft=document.draft, offline=True)
        if form.satisfiability() is Satisfiability.NO:
            return None
        return Document(form.to_json_schema())
    except (ValueError, CanonicalizationError):
        return None
