"""Growth of CPU time with size, for each kind of hostile request.

    python -m tests.fuzz.growth

prints the slope of a line through the logarithms of size and time (1: linear, 2: quadratic, 0: constant), that of the
last two sizes, and the time of the largest. Sizes are those of the kind: levels, repetitions or decimal digits.
"""

import math
from collections.abc import Sequence
from itertools import groupby

from tests.fuzz.kinds import measured

_NOISE = 0.001  # seconds: less is the cost of any request

Point = tuple[int, float]


def slope(points: Sequence[Point]) -> float:
    """Return the slope of the least-squares line through the logarithms."""
    places = [(math.log(size), math.log(max(took, _NOISE))) for size, took in points]
    middle_x, middle_y = (sum(values) / len(values) for values in zip(*places, strict=True))
    spread = math.fsum((x - middle_x) ** 2 for x, _ in places)
    return math.fsum((x - middle_x) * (y - middle_y) for x, y in places) / spread


def main() -> None:
    """Print a row for each kind of several sizes, steepest first."""
    ordered = sorted(measured(), key=lambda one: (one.request.kind, one.request.size))
    rows = []
    for kind, group in groupby(ordered, lambda one: one.request.kind):
        points = [(one.request.size, one.took) for one in group]
        if len(points) > 1:
            rows.append((slope(points), slope(points[-2:]), points[-1], kind))
    print("slope   last      CPU     size  kind")
    for whole, last, (size, took), kind in sorted(rows, reverse=True):
        print(f"{whole:5.2f}  {last:5.2f}  {took:5.3f} s {size:>8,}  {kind}")


if __name__ == "__main__":
    main()
