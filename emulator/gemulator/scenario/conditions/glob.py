"""Globs: patterns for a whole text."""

from fnmatch import fnmatchcase


def glob_matches(glob: str, text: str) -> bool:
    """Return True if the whole text matches, as `fnmatchcase` does; many times as fast if it has `*` only."""
    if "?" in glob or "[" in glob:
        return literal_of(glob) in text and fnmatchcase(text, glob)
    first, *parts = glob.split("*")
    if not parts:
        return text == glob
    last = parts.pop()
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def literal_of(glob: str) -> str:
    """Return the longest part of a glob without wildcards."""
    plain = "".join("\0" if letter in "*?[]" else letter for letter in glob)
    return max(plain.split("\0"), key=len) if "[" not in glob else plain.split("\0")[0]
