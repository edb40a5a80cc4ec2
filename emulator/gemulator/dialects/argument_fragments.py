"""Fragments of streamed call arguments, as the service splits them (fidelity.md, Streams)."""

import json
import re
from collections.abc import Iterator, Sequence

# JSON token with leading white space: string, scalar, empty container or syntax character.
_TOKEN = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\],:]+|\{\s*\}|\[\s*\]|[{}\[\],:])|\s+', re.S)
_SYNTAX = frozenset("{}[],:")

_MAX_PIECE = 64


def json_fragments(arguments: str) -> Sequence[str]:
    """Return the fragments of JSON text: pending syntax plus the next value; a string's closing quote is separate.

    Long strings are split inside the value, never inside an escape. `{}` and `[]` count as values. Text that is not
    JSON is one fragment.
    """
    try:
        json.loads(arguments)
    except ValueError:
        return [arguments] if arguments else []
    return list(_fragments(arguments))


def _fragments(arguments: str) -> Iterator[str]:
    tokens = _TOKEN.findall(arguments)
    following = [token.strip() for token in tokens[1:]] + [""]
    pending = ""
    for token, after in zip(tokens, following, strict=True):
        value = token.strip()
        if not value or value in _SYNTAX or after == ":":
            pending += token
            continue
        if value[0] == '"':
            space, _, rest = token.partition('"')
            pieces = _string_pieces(rest[:-1])
            yield f'{pending}{space}"{pieces[0]}'
            yield from (*pieces[1:], '"')
        else:
            yield pending + token
        pending = ""
    if pending:
        yield pending


def _string_pieces(inner: str) -> Sequence[str]:
    """Return the text between the quotes in pieces of at most `_MAX_PIECE` characters; never split an escape."""
    units = re.findall(r"\\u[dD][89abAB]..\\u....|\\u....|\\.|[^\\]+", inner, re.S)
    out, current = [], ""
    for unit in units:
        for piece in [unit] if unit[0] == "\\" else [unit[i : i + _MAX_PIECE] for i in range(0, len(unit), _MAX_PIECE)]:
            if len(current) + len(piece) > _MAX_PIECE and current:
                out.append(current)
                current = ""
            current += piece
    return [*out, current]
