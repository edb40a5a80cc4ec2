"""Text layout of picture labels: font, order and forms of letters.

Done here rather than by Pillow's shaping library, which is not on every machine: a label must be the same pixels
everywhere. The fonts are subsets of Noto beside this file.
"""

import re
import unicodedata
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Script: TypeAlias = Literal["latin", "cjk", "arabic", "devanagari"]

_FILES: dict[Script, str] = {
    "latin": "latin.ttf",
    "cjk": "cjk.otf",
    "arabic": "arabic.ttf",
    "devanagari": "devanagari.ttf",
}
_LETTERS: dict[Script, re.Pattern[str]] = {
    "cjk": re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"),
    "arabic": re.compile(r"[\u0620-\u06ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "latin": re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff]"),
}
# Characters besides ASCII in the font of each script.
_KNOWN: dict[Script, re.Pattern[str]] = {
    "latin": re.compile(r"[\u00a0-\u024f\u0370-\u052f\u1e00-\u1fff\u2010-\u205f\u20a0-\u20bf]"),
    "cjk": re.compile(r"[\u3000-\u301f\u3041-\u30ff\uff01-\uff60·…–—‘’“”]"),
    "arabic": re.compile(r"[\u060c\u061b\u061f\u0620-\u064a\u0660-\u0669\u0671-\u06d3\u06f0-\u06f9·…–—‘’“”]"),
    "devanagari": re.compile(r"[\u0900-\u097f·…–—‘’“”]"),
}
# Encodings whose first-level characters the font contains.
_COUNTRIES = (("euc_jp", 0xB0, 0xCF), ("gb2312", 0xB0, 0xD7), ("euc_kr", 0xB0, 0xC8))


@lru_cache(maxsize=64)
def font(script: Script, size: int) -> "FreeTypeFont":
    """Return the font of a script in pixels of height."""
    from PIL import ImageFont

    return ImageFont.truetype(BytesIO(_file(script)), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=len(_FILES))
def _file(script: Script) -> bytes:
    return (Path(__file__).parent / "fonts" / _FILES[script]).read_bytes()


def script_of(text: str) -> Script:
    """Return the script of most letters; other scripts than Latin count twice because their fonts include Latin."""
    counts = {script: len(letters.findall(text)) * (1 + (script != "latin")) for script, letters in _LETTERS.items()}
    return max(counts, key=lambda script: counts[script]) if any(counts.values()) else "latin"


def writable(text: str, script: Script) -> str:
    """Return the part of the text that the font can draw, in one line; "" if most letters are missing."""
    composed = unicodedata.normalize("NFC", text)
    drawable = " ".join("".join(letter for letter in composed if _is_known(letter, script)).split())
    letters = sum(map(str.isalnum, composed))
    return drawable if sum(map(str.isalnum, drawable)) * 2 > letters else ""


def _is_known(letter: str, script: Script) -> bool:
    if " " <= letter <= "~" or letter.isspace() or _KNOWN[script].match(letter):
        return True
    return script == "cjk" and any(_is_among(letter, *country) for country in _COUNTRIES)


def _is_among(letter: str, encoding: str, first: int, last: int) -> bool:
    try:
        code = letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and first <= code[0] <= last


def break_points(text: str, script: Script) -> list[str]:
    """Return the pieces between which a line may break, each with the blank before it."""
    return re.findall(r"\s?(?:[!-~]+|.)", text) if script == "cjk" else re.findall(r"\s?\S+", text)


def shape(line: str, script: Script) -> str:
    """Return the letters of a line in drawing form and order, from left to right."""
    match script:
        case "arabic":
            return _reverse(_join_arabic(line))
        case "devanagari":
            return _SHORT_I.sub(r"ि\1", line)
        case _:
            return line


# ---- Devanagari: a short i is stored after its consonants and drawn before them

_LETTER = r"[\u0915-\u0939\u0958-\u095f]\u093c?"
_SHORT_I = re.compile(rf"(?<!\u094d)((?:{_LETTER}\u094d)*{_LETTER})\u093f")

# ---- Arabic: letters join their neighbours, and lines run from right to left

_Forms: TypeAlias = dict[str, str]


@lru_cache(maxsize=1)
def _forms() -> dict[str, _Forms]:
    """Return the code points of the isolated, initial, medial and final form of each letter, and of lam with alef."""
    found: dict[str, _Forms] = {}
    for point in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
        kind, *letters = unicodedata.decomposition(chr(point)).split()[:3] or [""]
        if kind in ("<isolated>", "<initial>", "<medial>", "<final>"):
            found.setdefault("".join(chr(int(code, 16)) for code in letters), {})[kind[1:-1]] = chr(point)
    return found


def _join_arabic(line: str) -> str:
    forms = _forms()
    letters = re.findall("\u0644[\u0622\u0623\u0625\u0627]|.", line)
    out = []
    for at, letter in enumerate(letters):
        own = forms.get(letter, {})
        after = letters[at + 1] if at + 1 < len(letters) else ""
        before = letters[at - 1] if at else ""
        joins_back = "initial" in forms.get(before, {}) and "final" in own
        joins_on = "initial" in own and "final" in forms.get(after, {})
        kind = ("medial" if joins_on else "final") if joins_back else "initial" if joins_on else "isolated"
        out.append(own.get(kind, letter))
    return "".join(out)


_DIGITS = "\u0660-\u0669\u06f0-\u06f9"
_LEFT_TO_RIGHT = re.compile(rf"[A-Za-z0-9{_DIGITS}](?:[!-~{_DIGITS} ]*[A-Za-z0-9{_DIGITS}%])?")
_MIRRORS = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def _reverse(line: str) -> str:
    """Reverse the line, except for numbers and Latin words."""
    out, rest = [], line
    while found := _LEFT_TO_RIGHT.search(rest):
        out += [rest[: found.start()][::-1].translate(_MIRRORS), found[0]]
        rest = rest[found.end() :]
    return "".join(reversed([*out, rest[::-1].translate(_MIRRORS)]))
