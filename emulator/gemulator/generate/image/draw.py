"""Labelled picture for any prompt, in the requested size."""

import io
import re
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed
from gemulator.generate.image.label import Script, break_points, font, script_of, shape, writable
from gemulator.generate.image.landscape import paint

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST, LARGEST = 16, 2048
_SIDE = 512
_WRITERS: dict[str, tuple[str, dict[str, int]]] = {
    "image/png": ("PNG", {"compress_level": 1}),
    "image/jpeg": ("JPEG", {"quality": 88}),
    "image/webp": ("WEBP", {"quality": 84, "method": 1}),
}
_PIXELS = re.compile(r"(?<!\d)(\d{2,4})\s*(?:[x×*]|by|px\s*[x×])\s*(\d{2,4})(?!\d)", re.IGNORECASE)
_ASPECT = re.compile(r"(?<![\d:])(1:[12]|2:[13]|3:[24]|4:[35]|5:4|16:9|9:16|16:10|10:16|21:9|9:21)(?![\d:])")
_SHAPES = (
    (re.compile(r"\b(portrait|vertical|hochformat|upright)\b|縦長|竖版|세로", re.IGNORECASE), (3, 4)),
    (
        re.compile(
            r"\b(landscape format|horizontal|querformat|wide(?:screen)?|banner)\b|横長|横版|가로", re.IGNORECASE
        ),
        (16, 9),
    ),
)


def draw(prompt: str, seed: Seed, width: int, height: int, mime: str) -> bytes:
    """Return the file of a picture, sides limited to 16..2048. Raises ValueError unless `mime` is PNG, JPEG or WebP."""
    if mime not in _WRITERS:
        raise ValueError(f"{mime}: a picture can be one of {', '.join(_WRITERS)}")
    kind, options = _WRITERS[mime]
    picture = paint(prompt, seed, _clamp(width), _clamp(height))
    _label(picture, prompt)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def requested_size(prompt: str) -> tuple[int, int]:
    """Return width and height that the prompt asks for ("512x256", "16:9", "portrait"), default 512 by 512."""
    if pixels := _PIXELS.search(prompt):
        return _clamp(int(pixels[1])), _clamp(int(pixels[2]))
    if aspect := _ASPECT.search(prompt):
        across, down = aspect[1].split(":")
        return _fit(int(across), int(down))
    return next((_fit(*shape) for pattern, shape in _SHAPES if pattern.search(prompt)), (_SIDE, _SIDE))


def _clamp(side: int) -> int:
    return min(max(side, SMALLEST), LARGEST)


def _fit(across: int, down: int) -> tuple[int, int]:
    longest = max(across, down)
    return _clamp(round(_SIDE * across / longest)), _clamp(round(_SIDE * down / longest))


def _wrap(text: str, script: Script, size: int, width: float, lines: int) -> list[str]:
    """Return the text in at most `lines` lines, the rest cut with dots."""
    letters = font(script, size)
    out: list[str] = [""]
    for unit in break_points(text, script):
        longer = (out[-1] + unit).strip()
        if letters.getlength(shape(longer, script)) <= width or not out[-1]:
            out[-1] = longer
        elif len(out) < lines:
            out.append(unit.strip())
        else:
            out[-1] += " ..."
            break
    for i in range(len(out)):
        while len(out[i]) > 4 and letters.getlength(shape(out[i], script)) > width:
            out[i] = f"{out[i].removesuffix('...')[:-1]}..."
    return [shape(line, script) for line in out]


def _label(picture: "Image", prompt: str) -> None:
    from PIL import Image, ImageDraw

    script = script_of(prompt[:400])
    text = writable(prompt[:400], script)
    size = max(11, round(min(picture.width, picture.height) / 26))
    if not text or picture.width < 96 or picture.height < 64:
        return
    lines = _wrap(text, script, size, picture.width - 5 * size, 2)
    letters = font(script, size)
    high = round(size * (1.3 * len(lines) + 1.1))
    wide = round(max(letters.getlength(line) for line in lines) + 2.2 * size)
    left, top = (picture.width - wide) // 2, picture.height - high - size
    plate = Image.new("L", (wide * 2, high * 2))
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, wide * 2 - 1, high * 2 - 1), radius=size * 1.4, fill=150)
    picture.paste((14, 18, 30), (left, top), plate.reduce(2))
    pen = ImageDraw.Draw(picture)
    for i, line in enumerate(lines):
        middle = (picture.width / 2, top + size * (1.2 + 1.3 * i))
        pen.text(middle, line, fill=(255, 255, 255), font=letters, anchor="mm")
