"""Number generation: bounds, `multipleOf` and plausible ranges."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from msgspec import Struct

from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.json_value import exact, is_number
from gemulator.generate.json_schema.property_semantics import usual_range

_ATTEMPTS = 24
_SCAN_LIMIT = 400
_MAX_NUMBER = 10**300
_MAX_DESCRIPTION = 2_000  # characters that are read
_BOUND_KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_ANNOTATIONS = frozenset({"examples", "example", "default"})
_NARROWING_KEYWORDS = frozenset({"multipleOf", "enum", "const", "allOf", "anyOf", "not"})


Exact: TypeAlias = Fraction | int


class Bounds(Struct):
    """Interval of all parts, and the step that values are multiples of (None: any number)."""

    low: Exact | None = None
    high: Exact | None = None
    excludes_low: bool = False
    excludes_high: bool = False
    step: Exact | None = None

    def raise_low(self, limit: Exact, strict: bool) -> None:
        """Raise the lower bound to `limit` if that is stricter."""
        if self.low is None or limit > self.low or (limit == self.low and strict):
            self.low, self.excludes_low = limit, strict

    def lower_high(self, limit: Exact, strict: bool) -> None:
        """Lower the upper bound to `limit` if that is stricter."""
        if self.high is None or limit < self.high or (limit == self.high and strict):
            self.high, self.excludes_high = limit, strict

    def add_step(self, step: Exact) -> None:
        """Require multiples of `step` too: of the least common multiple of all steps."""
        if self.step is None:
            self.step = step
            return
        common = math.lcm(self.step.numerator * step.denominator, step.numerator * self.step.denominator)
        self.step = Fraction(common, self.step.denominator * step.denominator)

    def is_empty(self) -> bool:
        """Return True if no number is in the interval."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.excludes_low or self.excludes_high))


def bounds_of(conjunction: Conjunction, kind: str) -> Bounds:
    """Return the joint bounds of all parts for a number of type `kind`."""
    found = Bounds(step=1 if kind == "integer" else None)
    if conjunction.lacks(_BOUND_KEYWORDS):
        return found
    for part in conjunction.parts:
        schema = part.schema
        if is_number(low := schema.get("minimum")):
            found.raise_low(_exact_value(low), schema.get("exclusiveMinimum") is True)
        if is_number(low := schema.get("exclusiveMinimum")):
            found.raise_low(_exact_value(low), True)
        if is_number(high := schema.get("maximum")):
            found.lower_high(_exact_value(high), schema.get("exclusiveMaximum") is True)
        if is_number(high := schema.get("exclusiveMaximum")):
            found.lower_high(_exact_value(high), True)
        if is_number(step := schema.get("multipleOf")) and step > 0:
            found.add_step(_exact_value(step))
    return found


def _exact_value(number: float) -> Exact:
    return number if isinstance(number, int) else exact(number)


def generate(generator: Generator, conjunction: Conjunction, location: SchemaLocation, kind: str) -> float:
    """Return a valid number; raise DeadEnd if none was found."""
    if is_number(found := generator.suggestion(conjunction, kind, location)):
        return found
    bounds = bounds_of(conjunction, kind)
    if bounds.is_empty():
        raise location.dead_end("minimum", "its bounds exclude every number")
    steps = [step for step in conjunction.values("multipleOf") if isinstance(step, float)] if bounds.step else []
    for value in _candidates(conjunction, location, kind, bounds):
        generator.spend(1)
        if all(_divides(step, value) for step in steps) and generator.fits(conjunction, value):
            return value
    keyword = "multipleOf" if conjunction.values("multipleOf") else "minimum"
    raise location.dead_end(keyword, "no number was found that satisfies its bounds")


def _divides(step: float, value: float) -> bool:
    """Return True if `value` is also a multiple in floating point, as jsonschema and others calculate."""
    return step != 0 and (value / step).is_integer()


def _candidates(conjunction: Conjunction, location: SchemaLocation, kind: str, bounds: Bounds) -> Iterator[float]:
    yield from _from_annotations(conjunction, location)
    if bounds.step is None:
        yield from _continuous(conjunction, location, bounds)
    else:
        yield from _multiples(conjunction, location, kind, bounds)


def _from_annotations(conjunction: Conjunction, location: SchemaLocation) -> Iterator[float]:
    """Yield an example and the default, each by chance."""
    if conjunction.lacks(_ANNOTATIONS):
        return
    examples = conjunction.first("examples", list) or conjunction.values("example")
    numbers = [item for item in examples if is_number(item)]
    if numbers and location.seed.child("example").below(10) < 6:
        yield location.seed.child("examples").pick(numbers)
    for default in conjunction.values("default"):
        if is_number(default) and location.seed.child("default").below(10) < 4:
            yield default


def _default_interval(conjunction: Conjunction, location: SchemaLocation, bounds: Bounds) -> tuple[Exact, Exact, int]:
    """Return a plausible interval within the bounds, and a plausible number of decimals."""
    low, high, decimals = usual_range(location.name, (conjunction.first("description", str) or "")[:_MAX_DESCRIPTION])
    least: Exact = low
    most: Exact = high
    if bounds.low is not None and (bounds.low > least or most < bounds.low):
        least = bounds.low
        most = max(most, least + (bounds.high - least if bounds.high is not None else 100))
    if bounds.high is not None and bounds.high < most:
        most = bounds.high
        least = min(least, most - (most - bounds.low if bounds.low is not None else 100))
    return least, most, decimals


def _continuous(conjunction: Conjunction, location: SchemaLocation, bounds: Bounds) -> Iterator[float]:
    low, high, decimals = _default_interval(conjunction, location, bounds)
    for attempt in range(_ATTEMPTS):
        share = location.seed.child("number", attempt).unit()
        value = float(low) + share * float(high - low)
        rounded = round(value, decimals + attempt // 8 * 3) if attempt < 16 else value
        yield rounded if decimals else int(rounded) if rounded.is_integer() else rounded
    yield from (float(low), float(high), float((low + high) / 2), 0.5, math.pi)


def _multiples(conjunction: Conjunction, location: SchemaLocation, kind: str, bounds: Bounds) -> Iterator[float]:
    step = bounds.step or 1
    least, most, _ = _default_interval(conjunction, location, bounds)
    low, high = (least, most) if step == 1 else (Fraction(least) / step, Fraction(most) / step)
    first = math.floor(low) + 1 if bounds.excludes_low and least == bounds.low else math.ceil(low)
    last = math.ceil(high) - 1 if bounds.excludes_high and most == bounds.high else math.floor(high)
    if first > last and (bounds.low is None or bounds.high is None):
        first, last = (first, first + 50) if bounds.high is None else (last - 50, last)
    if first > last:
        return
    for attempt in range(_ATTEMPTS if last > first else 1):
        yield _to_number(location.seed.child("number", attempt).between(first, last) * step)
    if _needs_scan(conjunction):
        start = first if bounds.low is not None else first - _SCAN_LIMIT
        stop = last if bounds.high is not None else last + _SCAN_LIMIT
        yield from (_to_number(count * step) for count in range(start, min(stop, start + _SCAN_LIMIT) + 1))


def _needs_scan(conjunction: Conjunction) -> bool:
    """Return True if valid multiples may be rare, so that scanning all of them is worthwhile."""
    excluded = [sub.schema for sub in conjunction.exclusions if isinstance(sub.schema, dict)]
    narrowed = any(not _NARROWING_KEYWORDS.isdisjoint(schema) for schema in excluded)
    return narrowed or bool(conjunction.values("multipleOf"))


def _to_number(number: Exact) -> float:
    if not -_MAX_NUMBER < number < _MAX_NUMBER:
        return 0.0
    return int(number) if isinstance(number, int) or number.denominator == 1 else float(number)
