"""Finder of credentials in texts, and their redaction."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import orjson

from gemulator.core.json_types import JSON, dump_json
from gemulator.core.redaction_marks import redaction_mark

# Kind, a text that it begins with, and its form. None of them ends within an escape of a JSON text.
_KEYS = tuple(
    (kind, begin, re.compile(re.escape(begin) + rest))
    for kind, begin, rest in (
        ("a Google API key", b"AIza", rb"[0-9A-Za-z_-]{35}"),
        ("a Google access token", b"ya29.", rb"[0-9A-Za-z_-]{20,}"),
        ("a Google OAuth secret", b"GOCSPX-", rb"[0-9A-Za-z_-]{28}"),
        ("an OpenAI key", b"sk-", rb"[0-9A-Za-z_-]{32,400}"),
        ("an AWS key", b"AKIA", rb"[0-9A-Z]{16}(?![0-9A-Za-z])"),
        ("a GitHub token", b"ghp_", rb"[0-9A-Za-z]{36}"),
        ("a GitHub token", b"gho_", rb"[0-9A-Za-z]{36}"),
        ("a GitHub token", b"ghs_", rb"[0-9A-Za-z]{36}"),
        ("a GitHub token", b"github_pat_", rb"[0-9A-Za-z_]{40,}"),
        ("a Slack token", b"xox", rb"[abeprs]-[0-9A-Za-z-]{20,}"),
        (
            "a private key",
            b"-----BEGIN ",
            rb"(?:[A-Z]{1,20} ){0,3}PRIVATE KEY-----"
            rb"(?:\\[nrt/]|[0-9A-Za-z+/=\s:,]|-(?!----))*+(?:-----END (?:[A-Z]{1,20} ){0,3}PRIVATE KEY-----)?",
        ),
    )
)
_WITHIN_WORDS = (b"AIza", b"ya29.", b"GOCSPX-", b"-----BEGIN ")  # seldom within a longer word, as `sk-` in `task-`
_MAX_WORDS = 10_000  # words of one text that look like a key; further ones are taken for keys
MIN_BYTES = 20  # of the shortest of them
_ESCAPED = re.compile(rb"\\u00[2-7]")  # ASCII as escapes, which no client needs
_MAX_DEPTH = 200
_MAX_CACHED_TEXT = 300  # characters


_BEGINNINGS = tuple(begin for _, begin, _ in _KEYS)
_SUSPECT = re.compile(b"|".join(map(re.escape, (b"\\u00", *_BEGINNINGS))))


def is_suspect(data: bytes) -> bool:
    """Return True if a JSON text may have credentials: it has the beginning of one, or escapes of ASCII."""
    return _SUSPECT.search(data) is not None


def find_credentials(data: bytes) -> Sequence[str]:
    """Return the kinds of credentials in `data`."""
    if max(map(data.find, _BEGINNINGS)) < 0:
        return ()
    found = (kind for kind, begin, form in _KEYS if begin in data and next(_spans(data, begin, form), None))
    return tuple(dict.fromkeys(found))


def redact(data: bytes) -> bytes:
    """Return a text, which may be JSON, with a mark for each credential."""
    if max(map(data.find, _BEGINNINGS)) < 0:
        return data
    for kind, begin, form in _KEYS:
        if begin in data:
            data = _without(data, list(_spans(data, begin, form)), redaction_mark(kind).encode())
    return data


def _without(data: bytes, spans: Sequence[tuple[int, int]], mark: bytes) -> bytes:
    if not spans:
        return data
    parts: list[bytes] = []
    end = 0
    for start, stop in spans:
        parts += (data[end:start], mark)
        end = stop
    return b"".join((*parts, data[end:]))


def _spans(data: bytes, begin: bytes, form: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    """Yield start and end of the credentials of one form. They begin a word, as far as their form is found in words."""
    at, words = 0, 0
    while (found := form.search(data, at)) is not None:
        start, end = found.span()
        if begin not in _WITHIN_WORDS and data[max(0, start - 1) : start].isalnum() and words < _MAX_WORDS:
            words += 1
            at = start + len(begin)
        else:
            yield start, end
            at = end


class Redactor:
    """Redaction of credentials, and of texts that `patterns` find: regular expressions in the syntax of RE2.

    `has_patterns` is True if there are any.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._forms = [
            (compile_pattern(one), redaction_mark(f"--redact {number}")) for number, one in enumerate(patterns, 1)
        ]
        self.has_patterns = bool(self._forms)
        self._cached_text = lru_cache(1_024)(self._redact_text)  # of paths, models and hints

    def text(self, text: str) -> str:
        """Return a text with a mark for each credential."""
        return self._cached_text(text) if len(text) <= _MAX_CACHED_TEXT else self._redact_text(text)

    def _redact_text(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        redacted = redact(data)
        text = text if redacted is data else redacted.decode("utf-8", "surrogatepass")
        for form, mark in self._forms:
            text = form.sub(lambda _, mark=mark: mark, text)
        return text

    def json(self, data: bytes) -> bytes:
        """Return a JSON document, or a text that is none, with a mark for each credential in its texts."""
        if not self._forms and not (b"\\u00" in data and _ESCAPED.search(data)):
            return redact(data)
        try:
            tree = orjson.loads(data)
        except orjson.JSONDecodeError:
            return self.text(data.decode("utf-8", "replace")).encode()
        found = _with_texts(tree, self._redact_text, _MAX_DEPTH)
        return data if found == tree else dump_json(found).encode()

    def values(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the headers whose values change, with a mark for each credential."""
        for name, value in headers:
            redacted = self.text(value.decode("latin-1")).encode("latin-1", "replace") if self._forms else redact(value)
            if redacted != value:
                yield name, redacted


def compile_pattern(pattern: str) -> Any:
    """Return a compiled pattern. Raises ValueError for one that RE2 does not support or that matches no text."""
    import re2  # slow to import, and seldom needed

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"invalid regular expression (RE2 syntax): {text}") from None
    if compiled.search("") is not None:
        raise ValueError(f"{pattern!r} matches an empty text: require at least one character")
    return compiled


def _with_texts(tree: JSON, change: Callable[[str], str], depth: int) -> JSON:
    """Return a tree with changed texts and keys. Raises nothing for a deep one: it is text below `depth`."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict | list) and depth == 0:
        return change(dump_json(tree))
    if isinstance(tree, list):
        return [_with_texts(item, change, depth - 1) for item in tree]
    if isinstance(tree, dict):
        return {change(key): _with_texts(value, change, depth - 1) for key, value in tree.items()}
    return tree
