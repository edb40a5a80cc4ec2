"""Antialiased shapes on a Pillow image, by supersampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Mix `share` of `other` into `one`."""
    red, green, blue = (round(a + (z - a) * share) for a, z in zip(one, other, strict=True))
    return red, green, blue


class Canvas:
    """An image of `width` by `height` pixels. Points are in pixels; anything outside is clipped."""

    def __init__(self, width: int, height: int, top_to_bottom: Sequence[Colour]) -> None:
        from PIL import Image

        column = Image.new("RGB", (1, len(top_to_bottom)))
        for y, colour in enumerate(top_to_bottom):
            column.putpixel((0, y), colour)
        self.width, self.height = width, height
        smooth = column.resize((1, height), Image.Resampling.BICUBIC)
        self.picture: Picture = smooth.resize((width, height), Image.Resampling.NEAREST)

    def polygon(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """Draw a filled polygon."""
        self._shape("polygon", points, colour, opacity)

    def ellipse(self, middle: Point, across: float, down: float, colour: Colour, opacity: float = 1.0) -> None:
        """Draw a filled ellipse with these radii."""
        x, y = middle
        self._shape("ellipse", ((x - across, y - down), (x + across, y + down)), colour, opacity)

    def glow(self, middle: Point, radius: float, colour: Colour, opacity: float) -> None:
        """Draw light that fades from the middle."""
        from PIL import Image

        size = max(2, round(radius * 2))
        # Pillow's gradient is 181 where its circle touches the edge, 255 in the corners.
        fading = [round(255 * opacity * max(0.0, 1 - v / 180) ** 2) for v in range(256)]
        mask = Image.radial_gradient("L").point(fading).resize((size, size), Image.Resampling.BILINEAR)
        self.picture.paste(colour, (round(middle[0] - radius), round(middle[1] - radius)), mask)

    def dots(self, points: Sequence[Point], colour: Colour) -> None:
        """Draw single pixels."""
        for x, y in points:
            self.picture.putpixel((int(x) % self.width, int(y) % self.height), colour)

    def _shape(self, kind: str, points: Sequence[Point], colour: Colour, opacity: float) -> None:
        from PIL import Image, ImageDraw

        left, top = max(0, int(min(x for x, _ in points))), max(0, int(min(y for _, y in points)))
        right = min(self.width, int(max(x for x, _ in points)) + 1)
        bottom = min(self.height, int(max(y for _, y in points)) + 1)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (2 * (right - left), 2 * (bottom - top)))
        local = [(2 * (x - left), 2 * (y - top)) for x, y in points]
        getattr(ImageDraw.Draw(mask), kind)(local, fill=round(255 * opacity))
        self.picture.paste(colour, (left, top), mask.reduce(2))
