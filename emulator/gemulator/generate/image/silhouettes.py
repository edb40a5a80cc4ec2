"""Silhouettes of objects in a landscape, `size` pixels high."""

from collections.abc import Callable
from typing import TypeAlias

from gemulator.generate.image.canvas import Canvas, Colour, Point

Thing: TypeAlias = Callable[[Canvas, Point, float, Colour, Colour], None]


def _at(foot: Point, size: float, *points: Point) -> list[Point]:
    """Convert points in shares of the size, relative to the foot, to pixels."""
    return [(foot[0] + x * size, foot[1] - y * size) for x, y in points]


def _box(foot: Point, size: float, left: float, low: float, right: float, high: float) -> list[Point]:
    return _at(foot, size, (left, low), (left, high), (right, high), (right, low))


def _house(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    canvas.polygon(_box(foot, size, -0.5, -0.1, 0.5, 0.5), dark)
    canvas.polygon(_at(foot, size, (-0.64, 0.47), (0.0, 0.95), (0.64, 0.47)), dark)
    canvas.polygon(_box(foot, size, 0.24, 0.6, 0.36, 0.95), dark)
    for left in (-0.34, 0.12):
        canvas.polygon(_box(foot, size, left, 0.2, left + 0.2, 0.4), light)


def _tree(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    canvas.polygon(_at(foot, size, (-0.07, -0.05), (-0.03, 0.6), (0.03, 0.6), (0.07, -0.05)), dark)
    for x, y, radius in ((-0.24, 0.62, 0.24), (0.22, 0.6, 0.26), (0.0, 0.86, 0.3), (0.0, 0.6, 0.24)):
        canvas.ellipse(_at(foot, size, (x, y))[0], radius * size, radius * size * 0.86, dark)


def _lighthouse(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    tall = size * 1.7
    lamp = _at(foot, tall, (0.0, 0.92))[0]
    canvas.polygon(_at(foot, tall, (0.0, 0.92), (-1.9, 1.16), (-1.9, 0.8)), light, 0.22)
    canvas.glow(lamp, size * 0.5, light, 0.7)
    canvas.polygon(_at(foot, tall, (-0.15, -0.06), (-0.085, 0.84), (0.085, 0.84), (0.15, -0.06)), (240, 236, 228))
    for low in (0.14, 0.5):
        high, near, far = low + 0.17, 0.146 - low * 0.075, 0.146 - (low + 0.17) * 0.075
        canvas.polygon(_at(foot, tall, (-near, low), (-far, high), (far, high), (near, low)), (196, 66, 58))
    canvas.polygon(_box(foot, tall, -0.12, 0.83, 0.12, 0.86), dark)
    canvas.polygon(_box(foot, tall, -0.065, 0.86, 0.065, 0.97), light)
    canvas.polygon(_at(foot, tall, (-0.1, 0.97), (0.0, 1.07), (0.1, 0.97)), dark)


def _boat(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    canvas.polygon(_at(foot, size, (-0.5, 0.16), (0.5, 0.16), (0.34, -0.04), (-0.36, -0.04)), dark)
    canvas.polygon(_box(foot, size, -0.015, 0.16, 0.015, 1.05), dark)
    canvas.polygon(_at(foot, size, (0.04, 0.22), (0.04, 1.02), (0.46, 0.22)), (250, 246, 236))
    canvas.polygon(_at(foot, size, (-0.04, 0.24), (-0.04, 0.9), (-0.34, 0.24)), (250, 246, 236), 0.9)


def _balloon(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    up = (foot[0], foot[1] - size * 1.25)
    red, cream = (206, 78, 70), (250, 236, 208)
    middle = _at(up, size, (0.0, 0.75))[0]
    canvas.polygon(_at(up, size, (-0.36, 0.58), (-0.08, 0.18), (0.08, 0.18), (0.36, 0.58)), red)
    for share, colour in ((1.0, red), (0.68, cream), (0.34, red)):
        canvas.ellipse(middle, size * 0.42 * share, size * 0.44, colour)
    canvas.polygon(_box(up, size, -0.09, -0.06, 0.09, 0.08), dark)
    for side in (-0.08, 0.07):
        canvas.polygon(_box(up, size, side, 0.06, side + 0.012, 0.2), dark)


def _cat(canvas: Canvas, foot: Point, size: float, dark: Colour, light: Colour) -> None:
    canvas.ellipse(_at(foot, size, (0.0, 0.26))[0], size * 0.27, size * 0.36, dark)
    canvas.ellipse(_at(foot, size, (0.0, 0.7))[0], size * 0.2, size * 0.18, dark)
    for side in (-1.0, 1.0):
        canvas.polygon(_at(foot, size, (side * 0.19, 0.7), (side * 0.19, 1.0), (side * 0.03, 0.84)), dark)
    tail = (
        (0.1, -0.09),
        (0.4, -0.06),
        (0.56, 0.12),
        (0.53, 0.36),
        (0.44, 0.52),
        (0.39, 0.47),
        (0.44, 0.3),
        (0.43, 0.14),
    )
    canvas.polygon(_at(foot, size, *tail, (0.34, 0.05), (0.1, 0.05)), dark)
    for side in (-0.08, 0.08):
        canvas.ellipse(_at(foot, size, (side, 0.73))[0], size * 0.03, size * 0.038, light)


THINGS: dict[str, Thing] = {
    "house": _house,
    "tree": _tree,
    "lighthouse": _lighthouse,
    "boat": _boat,
    "balloon": _balloon,
    "cat": _cat,
}
