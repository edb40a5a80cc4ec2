"""Painter of generated pictures: sky, light, land and one object."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gemulator.core.seed import Seed
from gemulator.generate.image.canvas import Canvas, Colour, Point, blend
from gemulator.generate.image.silhouettes import THINGS

if TYPE_CHECKING:
    from PIL.Image import Image


class Mood(Struct, frozen=True):
    """Colours of a time of day or year: sky from top to horizon, light, then land from far to near."""

    sky: tuple[Colour, Colour, Colour]
    light: Colour
    far: Colour
    near: Colour
    stars: bool = False

    def land(self, depth: float) -> Colour:
        """Return the colour at a depth from 0 (far) to 1 (near)."""
        return blend(self.far, self.near, depth)


_MOODS = {
    "day": Mood(((86, 158, 222), (152, 204, 238), (232, 243, 240)), (255, 250, 226), (150, 190, 200), (44, 92, 84)),
    "dawn": Mood(((112, 128, 190), (232, 168, 170), (255, 222, 180)), (255, 240, 208), (192, 150, 172), (64, 56, 92)),
    "dusk": Mood(((58, 44, 98), (204, 92, 110), (252, 178, 110)), (255, 224, 160), (150, 78, 112), (38, 26, 58)),
    "night": Mood(((10, 16, 40), (24, 38, 78), (66, 84, 128)), (242, 240, 220), (44, 60, 100), (8, 14, 32), True),
    "winter": Mood(
        ((132, 164, 200), (190, 212, 230), (240, 240, 244)), (255, 252, 240), (200, 214, 228), (98, 126, 152)
    ),
    "desert": Mood(((96, 168, 208), (226, 206, 176), (250, 226, 180)), (255, 246, 214), (226, 176, 124), (150, 84, 52)),
    "autumn": Mood(((120, 150, 176), (226, 196, 150), (248, 222, 168)), (255, 244, 210), (204, 142, 88), (104, 50, 34)),
}
_MOOD_WORDS = {
    "night": r"\bnight|\bstar|moon|\bspace\b|galax|nacht|\bnuit|noche|noite|夜|밤|宇宙|ночь|ليل|रात",
    "dusk": r"dusk|sunset|evening|twilight|abend|untergang|crépuscule|atardecer|entardecer|夕|黄昏|노을|غروب",
    "dawn": r"dawn|sunrise|morning|sonnenaufgang|\baube\b|matin|amanecer|manhã|朝|早晨|日出|아침|सुबह",
    "winter": r"winter|snow|\bice\b|arctic|schnee|neige|hiver|nieve|invierno|inverno|雪|冬|겨울|बर्फ",
    "desert": r"desert|\bdune|camel|wüste|désert|desierto|砂漠|沙漠|사막|صحراء|रेगिस्तान",
    "autumn": r"autumn|fall leaves|herbst|automne|otoño|outono|秋|가을|خريف",
}
_LAND_WORDS = {
    "sea": r"\bsea\b|ocean|beach|\blake|boat|\bship|sail|harbou?r|\bwave|lighthouse|island|\bfish|whale|meer|see\b"
    r"|leuchtturm|\bmer\b|plage|phare|\bmar\b|playa|praia|barco|\bfaro|海|湖|灯台|灯塔|바다|بحر|समुद्र",
    "city": r"city|\btown|street|skyline|building|tokyo|york|paris|london|berlin|office|stadt|\bville|ciudad|cidade"
    r"|都市|城市|街|도시|東京|مدينة|शहर",
    "forest": r"forest|\bwood|tree|pine|\bbear|\bfox|cabin|\bowl|wald|forêt|bosque|floresta|森|숲|غابة|जंगल",
    "mountains": r"mountain|\balps?\b|\bpeak|\bhik|climb|valley|\bberg|montagne|montaña|montanha|山|جبل|पहाड़",
}
_THING_WORDS = {
    "lighthouse": r"lighthouse|leuchtturm|phare|\bfaro\b|farol|灯台|灯塔|등대|منارة",
    "boat": r"boat|\bship|\bsail|\bboot|bateau|barco|船|سفينة|नाव",
    "cat": r"\bcats?\b|kitten|katze|\bchat\b|\bgat[oa]s?\b|猫|고양이|قطة|बिल्ली",
    "balloon": r"balloon|ballon|\bglobo|balão|気球|气球|열기구",
    "house": r"house|cabin|cottage|\bhome\b|\bhaus|hütte|maison|\bcasa|家|房|بيت|घर",
    "tree": r"\btree|\boak\b|baum|\barbre|árbol|árvore|木|树|나무|شجرة|पेड़",
}


def paint(prompt: str, seed: Seed, width: int, height: int) -> "Image":
    """Return the picture in RGB."""
    words = prompt.lower()
    mood = _MOODS[_find_word(_MOOD_WORDS, words, seed.child("mood"), ("day", "day", "dawn", "dusk", "autumn"))]
    green = mood is not _MOODS["desert"]
    land = _find_word(_LAND_WORDS, words, seed.child("land"), ("hills", "mountains", "forest") if green else ("hills",))
    thing = _find_word(
        _THING_WORDS, words, seed.child("thing"), ("tree", "house", "balloon") if green else ("balloon",)
    )
    canvas = Canvas(width, height, _sky(mood))
    _draw_sky_objects(canvas, mood, seed.child("heaven"))
    _draw_land(canvas, mood, land, thing, seed.child("land"))
    return canvas.picture


def _find_word(words: Mapping[str, str], prompt: str, seed: Seed, otherwise: Sequence[str]) -> str:
    return next((name for name, pattern in words.items() if re.search(pattern, prompt)), None) or seed.pick(otherwise)


def _sky(mood: Mood) -> list[Colour]:
    top, middle, low = mood.sky
    upper = [blend(top, middle, i / 24) for i in range(24)]
    return [*upper, *(blend(middle, low, min(1.0, i / 20)) for i in range(40))]


def _draw_sky_objects(canvas: Canvas, mood: Mood, seed: Seed) -> None:
    """Draw stars or clouds, and the sun or the moon."""
    chance = seed.random()
    width, height = canvas.width, canvas.height
    small = min(width, height)
    if mood.stars:
        for colour in ((255, 255, 255), (190, 205, 235)):
            canvas.dots([(chance.random() * width, chance.random() ** 1.4 * height * 0.6) for _ in range(70)], colour)
    light = (width * chance.uniform(0.2, 0.8), height * chance.uniform(0.16, 0.34))
    canvas.glow(light, small * 0.42, mood.light, 0.55)
    canvas.ellipse(light, small * 0.062, small * 0.062, mood.light)
    if mood.stars:
        for dx, dy, radius in ((-0.02, -0.015, 0.013), (0.022, 0.012, 0.017), (-0.008, 0.03, 0.009)):
            spot = (light[0] + dx * small, light[1] + dy * small)
            canvas.ellipse(spot, radius * small, radius * small, blend(mood.light, mood.sky[2], 0.25))
        return
    for _ in range(3):
        _cloud(
            canvas, (chance.uniform(0, width), height * chance.uniform(0.08, 0.36)), small * chance.uniform(0.05, 0.1)
        )


def _cloud(canvas: Canvas, at: Point, size: float) -> None:
    for dx, dy, radius in ((-1.3, 0.12, 0.5), (-0.5, -0.1, 0.72), (0.35, 0.0, 0.62), (1.2, 0.14, 0.46)):
        middle = (at[0] + dx * size, at[1] + dy * size)
        canvas.ellipse(middle, radius * size * 1.5, radius * size * 0.5, (255, 255, 255), 0.34)


def _draw_land(canvas: Canvas, mood: Mood, land: str, thing: str, seed: Seed) -> None:
    """Draw four layers from far to near; the object stands on the third."""
    for layer in range(4):
        here = seed.child(layer)
        ridge = _RIDGES.get(land, _hills)(canvas, layer, here)
        water = land == "sea" and layer == 1
        colour = blend(mood.sky[0], mood.far, 0.3) if water else mood.land(layer / 3)
        canvas.polygon([(0.0, float(canvas.height)), *ridge, (float(canvas.width), float(canvas.height))], colour)
        if water:
            _ripples(canvas, mood, here)
        if land == "forest" and layer:
            _pines(canvas, ridge, colour, layer, here)
        if land == "city" and layer in (1, 2):
            _windows(canvas, ridge, mood, here)
        if layer == 2:
            _place(canvas, thing, land, ridge, mood, here)


def _ripples(canvas: Canvas, mood: Mood, seed: Seed) -> None:
    chance = seed.random()
    for _ in range(26):
        depth = chance.random()
        at = (canvas.width * chance.random(), canvas.height * (0.61 + 0.34 * depth))
        canvas.ellipse(at, canvas.width * (0.02 + 0.06 * depth), canvas.height * 0.0035, mood.sky[2], 0.4)


def _pines(canvas: Canvas, ridge: Sequence[Point], colour: Colour, layer: int, seed: Seed) -> None:
    chance = seed.random()
    for x, y in ridge[:: 5 - layer]:
        high = canvas.height * (0.04 + 0.028 * layer) * chance.uniform(0.6, 1.2)
        wide = high * 0.3
        foot = y + high * 0.12
        canvas.polygon([(x - wide, foot), (x, y - high), (x + wide, foot)], colour)


def _windows(canvas: Canvas, ridge: Sequence[Point], mood: Mood, seed: Seed) -> None:
    chance = seed.random()
    side = max(1.0, min(canvas.width, canvas.height) / 130)
    for (left, top), (right, _) in zip(ridge[::2], ridge[1::2], strict=True):
        columns = int((right - left - side) / (2 * side))
        for cell in range(columns * 9):
            if chance.random() < 0.3:
                x, y = left + side * (1 + 2 * (cell % columns)), top + side * (2 + 2.6 * (cell // columns))
                canvas.polygon(
                    [(x, y), (x + side, y), (x + side, y + side * 1.4), (x, y + side * 1.4)], mood.light, 0.7
                )


def _place(canvas: Canvas, thing: str, land: str, ridge: Sequence[Point], mood: Mood, seed: Seed) -> None:
    size = 0.19 * min(canvas.width, canvas.height)
    at = ridge[round(len(ridge) * (0.3 + 0.4 * seed.child("at").unit()))]
    if thing == "boat" and land == "sea":
        at = (at[0], canvas.height * 0.7)
    THINGS[thing](canvas, (at[0], at[1] + size * 0.03), size, blend(mood.near, (0, 0, 0), 0.25), mood.light)


def _curve(canvas: Canvas, height: float, swing: float, seed: Seed, *, rough: float = 0.25) -> list[Point]:
    """Return a ridge of three added waves; `height` and `swing` are shares of the picture's height."""
    chance = seed.random()
    waves = [(chance.uniform(0.6, 1.4) * (2.1**n), chance.uniform(0, 6.28), rough**n) for n in range(3)]
    step = max(2, canvas.width // 96)
    points: list[Point] = []
    for x in range(0, canvas.width + step, step):
        rise = sum(weight * math.sin(x / canvas.width * 6.28 * speed + shift) for speed, shift, weight in waves)
        points.append((float(x), canvas.height * (height - swing * rise)))
    return points


def _hills(canvas: Canvas, layer: int, seed: Seed) -> list[Point]:
    return _curve(canvas, 0.56 + 0.1 * layer, 0.055 - 0.008 * layer, seed)


def _sea(canvas: Canvas, layer: int, seed: Seed) -> list[Point]:
    """Return a far coast, the water, and two near shores."""
    if layer == 0:
        return _curve(canvas, 0.58, 0.035, seed)
    return (
        [(0.0, canvas.height * 0.6), (float(canvas.width), canvas.height * 0.6)]
        if layer == 1
        else _shore(canvas, layer, seed)
    )


def _shore(canvas: Canvas, layer: int, seed: Seed) -> list[Point]:
    """Return land that rises out of the water towards one side."""
    flat = _curve(canvas, 0.86 + 0.06 * (layer - 2), 0.01, seed)
    return [(x, y - canvas.height * 0.14 * (x / canvas.width) ** 3 * (3 - layer)) for x, y in flat]


def _mountains(canvas: Canvas, layer: int, seed: Seed) -> list[Point]:
    if layer == 3:
        return _hills(canvas, layer, seed)
    chance = seed.random()
    points: list[Point] = []
    x, up = -0.1, True
    while x < 1.15:
        y = 0.42 + 0.11 * layer + (-1 if up else 1) * chance.uniform(0.03, 0.11)
        points.append((x * canvas.width, y * canvas.height))
        x, up = x + chance.uniform(0.05, 0.11), not up
    return points


def _city(canvas: Canvas, layer: int, seed: Seed) -> list[Point]:
    if layer == 3:
        return _curve(canvas, 0.9, 0.008, seed)
    chance = seed.random()
    points: list[Point] = []
    x = -0.02
    while x < 1.02:
        width, top = chance.uniform(0.035, 0.085), 0.46 + 0.11 * layer + chance.uniform(-0.12, 0.1)
        points += [(x * canvas.width, top * canvas.height), ((x + width) * canvas.width, top * canvas.height)]
        x += width
    return points


_RIDGES = {"sea": _sea, "mountains": _mountains, "city": _city}
