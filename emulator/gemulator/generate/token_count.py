"""Token counts of text, images, audio and pages, and token-based splitting.

Nothing is downloaded: a regular expression approximates Gemini's vocabulary (docs/tokens.md gives the accuracy).
"""

import math
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Protocol

from msgspec import Struct

# No token has an unlimited length, so that a text of any kind can be counted in slices: 500 line breaks, 50 combining
# characters on one, 20 joined emoji are more than real texts have.

# Combining characters, which belong to the one before: accents, vowel signs, variation selectors, skin tones, tags.
_MARKS = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u093c\u093e-\u094f\u0951-\u0957\u0962\u0963"
    r"\u0981-\u0983\u09bc\u09be-\u09cd\u0a01-\u0a03\u0a3c-\u0a51\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    r"\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0e31"
    r"\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
)
_M = rf"[{_MARKS}\u200c\u200d]{{0,50}}+"
# A flag, or a sign or emoji with its modifiers and joined characters: never split.
_WHOLE = rf"[\U0001f1e6-\U0001f1ff]{{2}}|[^\s\w][{_MARKS}]{{0,50}}+(?:\u200d[^\s][{_MARKS}]{{0,50}}+){{0,20}}+"

# One class of text each; the lengths are fitted to a real vocabulary (docs/tokens.md).
_LOWER = rf"[a-z]{{1,11}}+{_M}"
_UPPER = rf"[A-Z](?:[a-z]{{1,11}}+|[A-Z]{{0,2}}+(?![a-z])){_M}"
_ACCENTED = rf"[a-zA-Z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af]{{1,6}}+{_M}"
_SIGNS = rf"[!-/:-@\[-`{{-~]{{1,2}}+{_M}"
_GREEK_AND_CYRILLIC = rf"[\u0370-\u052f]{{1,6}}+{_M}"
_HAN = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = r"\u3041-\u3096\u309d-\u30ff"
_HANGUL = r"[\uac00-\ud7a3]"
_OTHER = rf"(?:[^\W\d_]{_M}){{1,4}}+"

# A space belongs to the word after it; of a longer run, the last one does. Common alternatives come first, and each
# begins with a character or a class, so that the regex engine can skip it quickly.
_AFTER_BLANK = "|".join(
    (
        _LOWER,
        _UPPER,
        _SIGNS,
        r" {0,500}(?= )",
        _ACCENTED,
        _GREEK_AND_CYRILLIC,
        rf"{_HANGUL}(?:{_HANGUL}(?!{_HANGUL}))?",
        rf"(?![{_HAN}{_KANA}]){_OTHER}",
        "",
    )
)
_TOKEN = "|".join(
    (
        rf" (?:{_AFTER_BLANK})",
        _LOWER,
        _SIGNS,
        _UPPER,
        rf"\d{_M}",
        rf"[{_HAN}]{{1,2}}+{_M}",
        rf"[{_KANA}]{{1,4}}+{_M}",
        r"(?:\r?\n){1,500}+",
        r"[\t\r\f\v\u00a0\u3000]{1,500}+",
        _ACCENTED,
        rf"{_HANGUL}{{1,2}}+",
        _GREEK_AND_CYRILLIC,
        _OTHER,
        _WHOLE,
        r"[\s\S]",
    )
)
# Combining characters are never ASCII, so ASCII text can use a shorter pattern, which compiles much faster.
_ASCII_TOKEN = _TOKEN.replace(_M, "").replace(f"{_WHOLE}|", "")


_SLICE = 100_000  # characters that are counted at once
_PIECE = 5_000  # tokens
_LONGEST = 2_000  # characters, more than the longest token has


class Tokenizer(Protocol):
    """Token counter: the estimate of this module, or a real vocabulary (`load`)."""

    def count(self, text: str) -> int: ...


def count(text: str) -> int:
    """Return an estimate of Gemini's token count of `text`."""
    tokens = _tokens(text.isascii())
    counted = begin = 0
    if len(text) > _SLICE:
        counted, begin = _count_slices(text)
    return counted + len(tokens.findall(text, begin))


def _count_slices(text: str) -> tuple[int, int]:
    """Return the tokens of a long text up to its last slice, and where that begins.

    `re` holds the interpreter lock while it matches. Tokens near the end of a slice may go on behind it: they are
    counted with the next one.
    """
    tokens, piece = _tokens(text.isascii()), _piece_pattern(_PIECE, text.isascii())
    counted = begin = 0
    while len(text) - begin > _SLICE:
        end = begin + _SLICE
        found = piece.match(text, begin, end)
        if found and found.end() < end - _LONGEST:
            counted, begin = counted + _PIECE, found.end()
            continue
        inside, rest = tokens.findall(text, begin, end), 0
        while rest <= _LONGEST:
            rest += len(inside.pop())
        counted, begin = counted + len(inside), end - rest
    return counted, begin


@cache
def _tokens(ascii: bool) -> re.Pattern[str]:
    return re.compile(_ASCII_TOKEN if ascii else _TOKEN)


@lru_cache(maxsize=256)
def _piece_pattern(tokens_per_piece: int, ascii: bool) -> re.Pattern[str]:
    return re.compile(rf"(?:{_ASCII_TOKEN if ascii else _TOKEN}){{1,{tokens_per_piece}}}+")


def pieces(text: str, tokens_per_piece: int) -> list[str]:
    """Split `text` into pieces of that many tokens each; the last may have fewer."""
    return _piece_pattern(max(1, tokens_per_piece), text.isascii()).findall(text)


# Tokens per image, per video frame (one a second) and per page since Gemini 3 (docs/tokens.md).
_IMAGE = {"low": 280, "medium": 560, "high": 1120, "ultra_high": 2240}
_FRAME = {"low": 70, "medium": 70, "high": 280}
_PAGE = {"low": 280, "medium": 560, "high": 1120}


def _resolution_level(resolution: str | None) -> str:
    return (resolution or "").lower().removeprefix("media_resolution_")


def _is_before_gemini_3(family: str) -> bool:
    return family.removeprefix("google/").startswith(("gemini-1", "gemini-2"))


def image_tokens(family: str, resolution: str | None, width: int, height: int) -> int:
    """Return the tokens of an image of `width` x `height` pixels.

    `family` is a model id or its prefix, `resolution` a value of `media_resolution`. Gemini 2 charges 258 up to 384
    pixels a side, otherwise 258 per tile of 768x768, and 64 at low resolution.
    """
    if not _is_before_gemini_3(family):
        return _IMAGE.get(_resolution_level(resolution), _IMAGE["high"])
    if _resolution_level(resolution) == "low":
        return 64
    tiles = 1 if max(width, height) <= 384 else -(-width // 768) * -(-height // 768)
    return 258 * max(1, tiles)


def audio_tokens(seconds: float) -> int:
    """Return the tokens of audio: 32 a second, for every model."""
    return math.ceil(32 * seconds)


def video_tokens(family: str, resolution: str | None, seconds: float) -> int:
    """Return the tokens of a video, which is sampled once a second."""
    if _is_before_gemini_3(family):
        return math.ceil(263 * seconds)
    return _FRAME.get(_resolution_level(resolution), _FRAME["medium"]) * math.ceil(seconds)


def pdf_tokens(family: str, resolution: str | None, pages: int) -> int:
    """Return the tokens of a document's pages as images; its text is not counted."""
    if _is_before_gemini_3(family):
        return 258 * pages
    return _PAGE.get(_resolution_level(resolution), _PAGE["medium"]) * pages


class _Vocabulary(Struct, frozen=True):
    encode: Callable[[str], int]

    def count(self, text: str) -> int:
        return self.encode(text.encode("utf-8", "replace").decode())


def load(path: str) -> Tokenizer:
    """Load a tokenizer from a local `tokenizer.json` (Hugging Face) or sentencepiece `.model` file.

    Raises ValueError if the file cannot be read or the library for it is not installed.
    """
    try:
        return _Vocabulary(_load_sentencepiece(path) if path.endswith(".model") else _load_hugging_face(path))
    except ImportError as missing:
        raise ValueError(
            f"{path} needs the extra `tokenizers` ({missing}). Run: pip install 'gemulator[tokenizers]'"
        ) from None
    except Exception as broken:  # the libraries raise bare Exception, RuntimeError and OSError
        raise ValueError(f"{path}: not a readable tokenizer file: {broken}") from None


def _load_hugging_face(path: str) -> Callable[[str], int]:
    from tokenizers import Tokenizer as Vocabulary

    encode = Vocabulary.from_file(path).encode
    return lambda text: len(encode(text, add_special_tokens=False).ids)


def _load_sentencepiece(path: str) -> Callable[[str], int]:
    from sentencepiece import SentencePieceProcessor

    encode = SentencePieceProcessor(model_file=path).encode
    return lambda text: len(encode(text))
