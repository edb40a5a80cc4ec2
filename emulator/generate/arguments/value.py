"""The whole way from a schema to a value: tries that are each checked, the canonical form after them, or a refusal."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from emulator.generate.arguments.document import Document, Sub
from emulator.generate.arguments.drawing import Drawing, Manner, Place, Setting
from emulator.generate.arguments.height import Heights
from emulator.generate.arguments.json_value import JSON
from emulator.generate.arguments.normalisation import encoded, normalised_text
from emulator.generate.arguments.reader import Reader
from emulator.generate.arguments.refusal import OutOfSteps, Stuck, Unsatisfiable
from emulator.generate.arguments.validation import Checker
from emulator.generate.arguments.words import Words
from emulator.seed import Seed

REFERENCE_DAY = date(2026, 1, 15)

_USUAL = Manner(optional=0.5)
_BRIEF = Manner(optional=0.0, brief=True)
_FULL = Manner(optional=1.0)
_TRIES = (_USUAL, _USUAL, _BRIEF, _USUAL, _FULL, _BRIEF, _USUAL, _USUAL)
_STEPS = 6_000  # of one try, about 2 µs each
_CANONICAL_LIMIT = 40_000  # bytes: the canonical form's cost grows fast
_NO_PROBLEM = Stuck((), "none of the values that were drawn fits it as a whole")


class Plan:
    """What is known about one schema, kept between calls."""

    def __init__(self, root: Any, size: int) -> None:
        self.document = Document(root)
        self.heights = Heights(self.document)
        self.checker = Checker(self.document)
        self.size = size

    def tries(self, setting: Setting, seed: Seed, given: Mapping[str, Any]) -> Iterator[Any]:
        """Values drawn in different manners; a Stuck where a try led nowhere."""
        subs = [Sub(self.document.root, self.document.base)]
        if given:
            subs.insert(0, Sub(_fixed(given), self.document.base))
        for number, manner in enumerate(_TRIES):
            start = seed.child("try", number) if number else seed
            drawing = Drawing(self.document, self.heights, setting, manner, _STEPS)
            try:
                yield drawing.value(subs, Place((), "", 0, start))
            except Stuck as stuck:
                yield stuck
            except (OutOfSteps, RecursionError):
                yield Stuck((), "it takes too much work to find a value")


def _fixed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(given),
        "properties": {name: {"const": value} for name, value in given.items()},
    }


@lru_cache(maxsize=256)
def _plan(text: bytes) -> Plan:
    return Plan(normalised_text(text), len(text))


def value_for(  # noqa: PLR0913
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
    first: Stuck | None = None
    loose: list[Any] = []
    for value in plan.tries(setting, start, given or {}):
        if isinstance(value, Stuck):
            first = first or value
        elif plan.checker.fits(value):
            return value  # type: ignore[no-any-return]
        else:
            loose.append(value)
    return _last_resort(plan, setting, start, given or {}, first or _NO_PROBLEM, loose)



def _last_resort(
    plan: Plan, setting: Setting, seed: Seed, given: Mapping[str, Any], first: Stuck, loose: list[Any]
) -> JSON:
    """The canonical form may prove that there is no value, or be easier to draw from; then formats may be dropped."""
    for value in loose:
        if plan.checker.fits_loosely(value):
            return value  # type: ignore[no-any-return]
    canonical = _canonical(plan)
    if canonical is None:
        raise Unsatisfiable(".".join(first.path), first.reason)
    for value in canonical.tries(setting, seed.child("canonical"), given):
        if not isinstance(value, Stuck) and plan.checker.fits_loosely(value):
            return value  # type: ignore[no-any-return]
    raise Unsatisfiable(".".join(first.path), first.reason)


def _canonical(plan: Plan) -> Plan | None:
    """The plan of the canonical form; None where it admits nothing, or cannot be had."""
    import jsonschema_rs
    from jsonschema_rs.canonical import CanonicalizationError, Satisfiability

    if plan.size > _CANONICAL_LIMIT:
        return None
    try:
        form = jsonschema_rs.canonicalize(plan.document.root, draft=plan.document.draft, offline=True)
        if form.satisfiability() is Satisfiability.NO:
            return None
        return Plan(form.to_json_schema(), plan.size)
    except (ValueError, CanonicalizationError):
        return None
