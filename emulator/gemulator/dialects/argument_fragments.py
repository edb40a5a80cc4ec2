"""Where the service cuts the arguments of a call when it streams them (fidelity.md, Streams)."""

import json
import re
from collections.abc import Iterator, Sequence

# A JSON token with the white space before it: a string, another value without parts, or one piece of syntax.
_TOKEN = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\],:]+|\{\s*\}|\[\s*\]|[{}\[\],:])|\s+', re.S)
_SYNTAX = frozenset("{}[],:")

_LONGEST = 64


def fragments(arguments: str) -> Sequence[str]:
    """The pieces of JSON text: all syntax that is due plus the next value; a string's closing quote on its own.

    Long strings are cut inside the value, never inside an escape. `{}` and `[]` are values, too; text that is not JSON
    is one piece.
    """
    try:
        json.loads(arguments)
    except ValueError:
        return [arguments] if arguments else []
    return list(_cut(arguments))


def _cut(arguments: str) -> Iterator[str]:
    tokens = _TOKEN.findall(arguments)
    following = [token.strip() for token in tokens[1:]] + [""]
    due = ""
    for token, after in zip(tokens, following, strict=True):
        value = token.strip()
        if not value or value in _SYNTAX or after == ":":
            due += token
            continue
        if value[0] == '"':
            opening, _, rest = token.partition('"')
            pieces = _string_pieces(rest[:-1])
            yield f'{due}{opening}"{pieces[0]}'
            yield from (*pieces[1:], '"')
        else:
            yield due + token
        due = ""
    if due:
        yield due


def _string_pieces(inner: str) -> Sequence[str]:
    """The text between the quotes in pieces of at most `_LONGEST` characters, escapes (pairs too) kept whole."""
    units = re.findall(r"\\u[dD][89abAB]..\\u....|\\u....|\\.|[^\\]+", inner, re.S)
    out, current = [], ""
    for unit in units:
        for piece in [unit] if unit[0] == "\\" else [unit[i : i + _LONGEST] for i in range(0, len(unit), _LONGEST)]:
            if len(current) + len(piece) > _LONGEST and current:
                out.append(current)
                current = ""
            current += piece
    return [*out, current]
