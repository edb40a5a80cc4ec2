"""Requests as bytes, and seeded changes of values and texts."""

import json
import random
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.fuzz.mutation import AWKWARD, changed, copied

Body = dict[str, Any]
Headers = Mapping[str, str]

PROJECT = "/v1/projects/p/locations/global/endpoints"
_BEARER = {"authorization": "Bearer x", "content-type": "application/json"}


class Exchange(NamedTuple):
    """A request. `may_break`: it asks for faults, errors or waits, so its own answer may be one."""

    method: str
    path: str
    body: bytes = b""
    headers: Headers = _BEARER
    may_break: bool = False
    chunked: bool = False
    endless: bool = False

    def data(self) -> bytes:
        """Return the bytes of the request."""
        fields = {"host": "localhost", **self.headers}
        body = self.body
        if self.chunked:
            pieces = [body[start : start + 1_000] for start in range(0, len(body), 1_000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            fields["transfer-encoding"] = "chunked"
        elif body or self.method == "POST":
            fields["content-length"] = str(len(body))
        head = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*head, "", ""]).encode("utf-8", "replace") + body


def dumped(value: Any) -> bytes:
    """Return a value as JSON, with lone surrogates and NaN as Python writes them."""
    return json.dumps(value).encode()


def chat(fields: Body, endpoint: str = "openapi", headers: Headers | None = None, **options: Any) -> Exchange:
    """Return a chat request; `fields` complete or replace those of a short one."""
    model = "google/gemini-3.5-flash" if endpoint == "openapi" else ""
    body = {"model": model, "messages": [{"role": "user", "content": "Do it in Paris at 7pm."}], **fields}
    path = f"{PROJECT}/{quote(endpoint)}/chat/completions"
    return Exchange("POST", path, dumped(body), {**_BEARER, **(headers or {})}, **options)


def admin(method: str, route: str, body: Any = None, headers: Headers | None = None, **query: Any) -> Exchange:
    """Return a request to the admin API; `body` as JSON unless it is bytes."""
    text = "&".join(f"{name}={quote(str(value), errors='replace')}" for name, value in query.items())
    data = body if isinstance(body, bytes) else b"" if body is None else dumped(body)
    return Exchange(method, f"/__emulator/{route}{'?' * bool(text)}{text}", data, {**_BEARER, **(headers or {})})


def nested(levels: int, key: str = "properties") -> Any:
    """Return objects within objects."""
    value: Any = {"type": "string"}
    for _ in range(levels):
        value = {key: {"a": value}} if key == "properties" else {key: [value]}
    return value


_MORE: tuple[Any, ...] = (
    *AWKWARD,
    -(2**63),
    2**64,
    -(10**40),
    -0.0,
    float("nan"),
    float("-inf"),
    "💥" * 50,
    "\u202e\u2028\ufeff",
    "{{ user }}",
    "(a|b)*" * 20,
    "a" * 3_000,
    "9" * 400,
    [[[[[[]]]]]],
    nested(60),
    nested(105),
    nested(80, "anyOf"),
    {"__proto__": 1, "constructor": {}},
    {str(number): number for number in range(300)},
    [*range(500)],
    ["x"] * 500,
)


def mutated(value: Any, chance: random.Random, most: int = 2) -> Any:
    """Return a copy with up to `most` changes, without any in a third of all cases."""
    value = copied(value)
    if chance.random() < 0.33:
        return value
    for _ in range(chance.randint(1, most)):
        value = changed(value, chance, _MORE)
    return value


_PIECES = (
    "",
    "\x00",
    "\n",
    "|",
    "::=",
    '"',
    "'",
    "(",
    ")",
    "{9999999}",
    "*",
    "[",
    "]",
    "\\",
    "#",
    "é",
    "💥",
    "{{",
    "&a ",
)


def mutated_text(text: str, chance: random.Random) -> str:
    """Return a text of which pieces are removed, doubled, moved or replaced; unchanged in a third of all cases."""
    if chance.random() < 0.33:
        return text
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((1, 1, 3, 10, 80)))
        piece = text[start:end]
        match chance.randrange(4):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + piece * chance.choice((2, 30)) + text[end:]
            case 2:
                text = text[:start] + text[end:] + piece
            case _:
                text = text[:start] + chance.choice(_PIECES) + text[end:]
    return text


def some(items: Iterable[tuple[str, Any]], chance: random.Random, share: float = 0.3) -> Body:
    """Return a random part of named values."""
    return {name: value for name, value in items if chance.random() < share}
