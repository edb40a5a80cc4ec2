"""Draws numbers: within bounds, on the grid of `multipleOf`, and of a size that the property's name suggests."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from msgspec import Struct

from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.evaluator import exactly, is_number
from gemulator.generate.json_schema.property_semantics import usual_range

_TRIES = 24
_SEARCHED = 400
_HIGHEST = 10**300
_BOUNDING = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_GIVING = frozenset({"examples", "example", "default"})
_RULING_OUT = frozenset({"multipleOf", "enum", "const", "allOf", "anyOf", "not"})


Exact: TypeAlias = Fraction | int


class Bounds(Struct):
    """The interval of all parts, and the step of the grid (None: any number)."""

    low: Exact | None = None
    high: Exact | None = None
    above: bool = False  # `low` itself is excluded
    below: bool = False
    step: Exact | None = None

    def raise_low(self, limit: Exact, strict: bool) -> None:
        """Not below `limit`."""
        if self.low is None or limit > self.low or (limit == self.low and strict):
            self.low, self.above = limit, strict

    def lower_high(self, limit: Exact, strict: bool) -> None:
        """Not above `limit`."""
        if self.high is None or limit < self.high or (limit == self.high and strict):
            self.high, self.below = limit, strict

    def add_step(self, step: Exact) -> None:
        """A multiple of `step` and of those before: of their least common multiple."""
        if self.step is None:
            self.step = step
            return
        common = math.lcm(self.step.numerator * step.denominator, step.numerator * self.step.denominator)
        self.step = Fraction(common, self.step.denominator * step.denominator)

    def is_empty(self) -> bool:
        """Whether no number lies in the interval."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.above or self.below))


def bounds_of(here: Conjunction, kind: str) -> Bounds:
    """What all parts say about a number of type `kind`."""
    found = Bounds(step=1 if kind == "integer" else None)
    if here.lacks(_BOUNDING):
        return found
    for part in here.parts:
        schema = part.schema
        if is_number(low := schema.get("minimum")):
            found.raise_low(_exact(low), schema.get("exclusiveMinimum") is True)
        if is_number(low := schema.get("exclusiveMinimum")):
            found.raise_low(_exact(low), True)
        if is_number(high := schema.get("maximum")):
            found.lower_high(_exact(high), schema.get("exclusiveMaximum") is True)
        if is_number(high := schema.get("exclusiveMaximum")):
            found.lower_high(_exact(high), True)
        if is_number(step := schema.get("multipleOf")) and step > 0:
            found.add_step(_exact(step))
    return found


def _exact(number: float) -> Exact:
    return number if isinstance(number, int) else exactly(number)


def draw(drawing: Generator, here: Conjunction, place: SchemaLocation, kind: str) -> float:
    """A number that fits; Stuck where the bounds leave none."""
    if is_number(found := drawing.suggested(here, kind, place)):
        return found
    bounds = bounds_of(here, kind)
    if bounds.is_empty():
        raise place.stuck("minimum", "its bounds leave no number")
    steps = [step for step in here.values("multipleOf") if isinstance(step, float)] if bounds.step else []
    for value in _likely(here, place, kind, bounds):
        drawing.spend(1)
        if all(_divides(step, value) for step in steps) and drawing.fits(here, value):
            return value
    raise place.stuck("multipleOf" if here.values("multipleOf") else "minimum", "its bounds leave no number that fits")


def _divides(step: float, value: float) -> bool:
    """Whether that holds in floating point too: many validators, jsonschema among them, do not calculate exactly."""
    return step != 0 and (value / step).is_integer()


def _likely(here: Conjunction, place: SchemaLocation, kind: str, bounds: Bounds) -> Iterator[float]:
    yield from _given(here, place)
    if bounds.step is None:
        yield from _anywhere(here, place, bounds)
    else:
        yield from _on_grid(here, place, kind, bounds)


def _given(here: Conjunction, place: SchemaLocation) -> Iterator[float]:
    """Examples and the default, each with a chance."""
    if here.lacks(_GIVING):
        return
    examples = here.first("examples", list) or here.values("example")
    numbers = [item for item in examples if is_number(item)]
    if numbers and place.seed.child("example").below(10) < 6:
        yield place.seed.child("examples").pick(numbers)
    for default in here.values("default"):
        if is_number(default) and place.seed.child("default").below(10) < 4:
            yield default


def _usual(here: Conjunction, place: SchemaLocation, bounds: Bounds) -> tuple[Exact, Exact, int]:
    """The interval to draw from, within the bounds, and how many decimals look natural."""
    low, high, decimals = usual_range(place.name, here.first("description", str) or "")
    least: Exact = low
    most: Exact = high
    if bounds.low is not None and (bounds.low > least or most < bounds.low):
        least = bounds.low
        most = max(most, least + (bounds.high - least if bounds.high is not None else 100))
    if bounds.high is not None and bounds.high < most:
        most = bounds.high
        least = min(least, most - (most - bounds.low if bounds.low is not None else 100))
    return least, most, decimals


def _anywhere(here: Conjunction, place: SchemaLocation, bounds: Bounds) -> Iterator[float]:
    low, high, decimals = _usual(here, place, bounds)
    for attempt in range(_TRIES):
        share = place.seed.child("number", attempt).unit()
        value = float(low) + share * float(high - low)
        rounded = round(value, decimals + attempt // 8 * 3) if attempt < 16 else value
        yield rounded if decimals else int(rounded) if rounded.is_integer() else rounded
    yield from (float(low), float(high), float((low + high) / 2), 0.5, math.pi)


def _on_grid(here: Conjunction, place: SchemaLocation, kind: str, bounds: Bounds) -> Iterator[float]:
    step = bounds.step or 1
    least, most, _ = _usual(here, place, bounds)
    low, high = (least, most) if step == 1 else (Fraction(least) / step, Fraction(most) / step)
    first = math.floor(low) + 1 if bounds.above and least == bounds.low else math.ceil(low)
    last = math.ceil(high) - 1 if bounds.below and most == bounds.high else math.floor(high)
    if first > last and (bounds.low is None or bounds.high is None):
        first, last = (first, first + 50) if bounds.high is None else (last - 50, last)
    if first > last:
        return
    for attempt in range(_TRIES if last > first else 1):
        yield _plain(place.seed.child("number", attempt).between(first, last) * step)
    if _is_gridded(here):
        start = first if bounds.low is not None else first - _SEARCHED
        stop = last if bounds.high is not None else last + _SEARCHED
        yield from (_plain(count * step) for count in range(start, min(stop, start + _SEARCHED) + 1))


def _is_gridded(here: Conjunction) -> bool:
    """Whether a fitting number may be rare on the grid, so that it is worth while to go along it."""
    bars = (bar.schema for bar in here.bars if isinstance(bar.schema, dict))
    return bool(here.values("multipleOf")) or any(not _RULING_OUT.isdisjoint(schema) for schema in bars)


def _plain(number: Exact) -> float:
    if isinstance(number, int) or number.denominator == 1:
        return int(number)
    return float(number) if abs(number) < _HIGHEST else 0.0
