"""The whole way from a schema to a value: tries that are each checked, the canonical form after them, or a refusal."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from emulator.errors import Unsatisfiable
from emulator.generate.arguments.document import Document, Sub
from emulator.generate.arguments.drawing import Drawing, Manner, Place, Setting
from emulator.generate.arguments.height import Heights
from emulator.generate.arguments.json_value import JSON
from emulator.generate.arguments.normalisation import encoded
from emulator.generate.arguments.reader import Reader
from emulator.generate.arguments.refusal import OutOfSteps, Stuck
from emulator.generate.arguments.validation import Checker, checked
from emulator.generate.arguments.words import Words
from emulator.seed import Seed

REFERENCE_DAY = date(2026, 1, 15)

_USUAL = Manner(optional=0.5)
_BRIEF = Manner(optional=0.0, brief=True)
_FULL = Manner(optional=1.0)
_TRIES = (_USUAL, _USUAL, _BRIEF, _USUAL, _FULL, _BRIEF, _USUAL, _USUAL)
_STEPS = 7_000  # of one try; a step takes 2 to 20 µs
_ALL_STEPS = 14_000  # of all tries
_CANONICAL_LIMIT = 6_000  # bytes: the canonical form's cost grows fast
_NO_PROBLEM = Stuck((), "none of the values that were drawn fits it as a whole")


class Plan:
    """What is known about one schema, kept between calls."""

    def __init__(self, document: Document, checker: Checker, size: int) -> None:
        self.document = document
        self.heights = Heights(document)
        self.checker = checker
        self.size = size

    def tries(self, setting: Setting, seed: Seed, given: Mapping[str, Any]) -> Iterator["JSON | Stuck"]:
        """Values drawn in different manners; a Stuck where a try led nowhere."""
        subs = [Sub(self.document.root, self.document.base)]
        if given:
            subs.insert(0, Sub(_fixed(given), self.document.base))
        left = _ALL_STEPS
        for number, manner in enumerate(_TRIES):
            start = seed.child("try", number) if number else seed
            drawing = Drawing(self.document, self.heights, setting, manner, min(_STEPS, left))
            try:
                yield drawing.value(subs, Place((), "", 0, start))
            except Stuck as stuck:
                yield stuck
            except (OutOfSteps, RecursionError, OverflowError):
                yield Stuck((), "it takes too much work to find a value")
            left -= drawing.spent
            if left <= 0:
                return

    def last_tries(self, setting: Setting, seed: Seed, given: Mapping[str, Any]) -> Iterator["JSON | Stuck"]:
        """Tries on the canonical form, which may be easier to draw from, or prove that there is no value."""
        document = _canonical(self.document) if self.size <= _CANONICAL_LIMIT else None
        if document is not None:
            yield from Plan(document, self.checker, self.size).tries(setting, seed.child("canonical"), given)


def _fixed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(given),
        "properties": {name: {"const": value} for name, value in given.items()},
    }


@lru_cache(maxsize=256)
def _plan(text: bytes) -> Plan:
    document, checker = checked(text)
    return Plan(document, checker, len(text))


def value_for(
    schema: Any,
    seed: int | Seed = 0,
    *,
    hints: Reader | None = None,
    given: Mapping[str, Any] | None = None,
    locale: str = "en_US",
    reference_day: date = REFERENCE_DAY,
) -> JSON:
    """A plausible value that is valid under `schema`, which may be anything a user sends; it is never changed.

    `given` are properties that are fixed: the rest is completed around them. `hints` offers what the prompt says.
    Dates lie around `reference_day`. Raises Unsatisfiable where no value exists, or none could be found.
    """
    plan = _plan(encoded(schema))
    setting = Setting(Words(locale), reference_day, hints)
    start = seed if isinstance(seed, Seed) else Seed.root("value", seed)
    fixed = dict(given or {})
    first: Stuck | None = None
    loose: list[JSON] = []
    for value in plan.tries(setting, start, fixed):
        if isinstance(value, Stuck):
            first = first or value
        elif plan.checker.fits(value):
            return value
        else:
            loose.append(value)
    for value in (*loose, *plan.last_tries(setting, start, fixed)):
        if not isinstance(value, Stuck) and plan.checker.fits_loosely(value):
            return value
    raise _refusal(plan, fixed, first or _NO_PROBLEM)


def _refusal(plan: Plan, given: Mapping[str, Any], first: Stuck) -> Unsatisfiable:
    """Names what is wrong with the author's own values, if that is what it is."""
    for problem in plan.checker.problems(given) if given else ():
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
