"""Texts in messages, with marks around their differences."""

from collections.abc import Sequence

_BEFORE, _MARKED, _AFTER = 30, 40, 20  # characters shown around a difference
_NO_SPACES = "\u0e00"  # Thai, and most scripts after it
_WORD = 20  # characters of a word that is marked as a whole
_MAX_MARKED = 3  # differences
_MARKS = ((">>", "<<"), ("[[", "]]"), ("{{{", "}}}"), ("\u27ea", "\u27eb"))


def marks_for(*texts: str) -> tuple[str, str]:
    """Return the marks for a difference: the first ones that the texts do not have."""
    free = (pair for pair in _MARKS if not any(one in text for one in pair for text in texts))
    return next(free, _MARKS[-1])


def mark(text: str, places: Sequence[tuple[int, int]], marks: tuple[str, str] = _MARKS[0]) -> str:
    """Return the text around the first differences, each between marks, whole words if they are short.

    `places` are begin and length of the differences, in order.
    """
    shown, end = "", 0
    for number, (at, length) in enumerate(_words(text, places)[:_MAX_MARKED]):
        begin = max(end, at - _BEFORE)
        gap = text[end:begin]
        if number and len(gap) > _AFTER:
            shown += f"{text[end : end + _AFTER]}…"
        elif not number and len(gap) > 3:
            shown += "…"
        else:
            begin = end
        middle = text[at : at + length] if length <= _MARKED else f"{text[at : at + _MARKED]}…"
        shown += f"{text[begin:at]}{marks[0]}{middle}{marks[1]}"
        end = at + length
    if places and len(shown) and end < len(text) and not shown.endswith(f"…{marks[1]}"):
        shown += text[end : end + _AFTER] + ("…" if end + _AFTER < len(text) else "")
    return repr(shown)


def position(at: int, length: int, which: str) -> str:
    """Return the words for a place in a text of this length; `which` is expected or seen."""
    return f"character {at + 1:,} of {length:,} {which}" if at < length else f"the end of {length:,} {which}"


def _words(text: str, places: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Return the places, widened to whole words; those that overlap then are one."""
    widened: list[tuple[int, int]] = []
    for place, size in places:
        left = _word_length(text[max(0, place - _WORD) : place][::-1])
        right = _word_length(text[place + size :][:_WORD])
        at, length = place - left, left + size + right
        if widened and at <= sum(widened[-1]):
            before = widened.pop()
            at, length = before[0], max(sum(before), at + length) - before[0]
        widened.append((at, length))
    return widened


def _word_length(text: str) -> int:
    """Return the number of letters and digits at the beginning; 0 if there are more than in a word.

    Letters of scripts without spaces are no words.
    """
    count = next((at for at, letter in enumerate(text) if letter >= _NO_SPACES or not letter.isalnum()), len(text))
    return count if count < _WORD else 0
