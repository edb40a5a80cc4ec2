"""Hostile requests of many kinds, each in growing sizes.

    python -m tests.fuzz.kinds

prints the CPU time of each against its size.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gemulator import Emulator

Schema = dict[str, Any]
VLLM, GEMINI = "123", "openapi"


class Request(NamedTuple):
    """A hostile request."""

    kind: str
    size: int
    endpoint: str
    body: bytes


class Measured(NamedTuple):
    """A request, the status of its answer, and the seconds of CPU for both."""

    request: Request
    status: int
    took: float


def _chain(levels: int, step: Callable[[Schema], Schema]) -> Schema:
    definitions: Schema = {"l0": {"type": "string"}}
    for level in range(1, levels + 1):
        definitions[f"l{level}"] = step({"$ref": f"#/$defs/l{level - 1}"})
    return {"$ref": f"#/$defs/l{levels}", "$defs": definitions}


def _names(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


def _rules(count: int, first: str, step: str, last: str) -> str:
    return "\n".join([first, *(step.format(number, number + 1) for number in range(count)), last.format(count)])


_LEVELS, _SIZES, _POWERS = (10, 30, 60), (100, 1_000, 10_000), (3, 9, 30)
_STEPS: Mapping[str, Callable[[Schema], Schema]] = {
    "allOf": lambda inner: {"allOf": [inner, inner]},
    "anyOf": lambda inner: {"anyOf": [inner, inner]},
    "oneOf": lambda inner: {"oneOf": [inner, {"allOf": [inner], "maxLength": 1}]},
    "not": lambda inner: {"not": {"anyOf": [inner, inner]}},
    "if": lambda inner: {"if": inner, "then": inner, "else": inner},
    "properties": lambda inner: {"type": "object", "properties": {"x": inner, "y": inner}, "required": ["x", "y"]},
    "prefixItems": lambda inner: {"type": "array", "prefixItems": [inner, inner], "minItems": 2},
    "one reference": lambda inner: inner,
}
_SCHEMAS: Mapping[str, tuple[Callable[[int], Any], Sequence[int]]] = {
    **{f"doubling {name}": (partial(_chain, step=step), _LEVELS) for name, step in _STEPS.items()},
    "multipleOf": (lambda n: {"type": "integer", "multipleOf": 10**n, "minimum": 1}, _POWERS),
    "minimum": (lambda n: {"type": "integer", "minimum": 10**n}, _POWERS),
    "const": (lambda n: {"const": 10**n}, _POWERS),
    "minProperties": (lambda n: {"type": "object", "minProperties": 10**n}, _POWERS),
    "minItems": (lambda n: {"type": "array", "minItems": 10**n}, _POWERS),
    "minLength": (lambda n: {"type": "string", "minLength": 10**n}, _POWERS),
    "a literal pattern": (lambda n: {"type": "string", "pattern": "a" * n}, _SIZES),
    "a counted pattern": (lambda n: {"type": "string", "pattern": f"^a{{{n}}}$"}, (*_SIZES, 10**12)),
    "a pattern of stars": (lambda n: {"type": "string", "pattern": f"^{'(a*)*' * n}b$"}, (5, 50, 500)),
    "an enum": (lambda n: {"enum": _names(n)}, _SIZES),
    "an enum with a pattern": (lambda n: {"enum": _names(n), "pattern": "^q"}, _SIZES),
    "an enum that is no list": (lambda n: {"enum": n}, (1,)),
    "branches": (lambda n: {"anyOf": [{"const": number} for number in range(n)]}, _SIZES),
    "required": (
        lambda n: {
            "type": "object",
            "properties": {name: {"type": "string"} for name in _names(n)},
            "required": _names(n),
        },
        _SIZES,
    ),
}
_GRAMMARS: Mapping[str, tuple[Callable[[int], str], Sequence[int]]] = {
    "an EBNF banner": (lambda n: f'root ::= x\n{"#" * n}\nx ::= "a"\n', _SIZES),
    "a Lark banner": (lambda n: f'start: x\n{"#" * n}\nx: "a"\n', _SIZES),
    "EBNF rules": (lambda n: _rules(n, "root ::= r0", "r{} ::= r{}", 'r{} ::= "a"'), _SIZES),
    "EBNF rules that double": (lambda n: _rules(n, "root ::= r0", "r{0} ::= r{1} r{1}", 'r{} ::= ""'), _LEVELS),
    "ignored rules that double": (
        lambda n: _rules(n, '%ignore R0\nstart: "a"', "R{0}: R{1} | R{1}", 'R{}: "b"'),
        _LEVELS,
    ),
    "EBNF repetitions": (lambda n: f'root ::= ("" | "") {{{10**n}}}', _POWERS),
    "EBNF brackets": (lambda n: "root ::= " + "(" * n + '"a"' + ")" * n, _SIZES),
    "EBNF alternatives": (lambda n: "root ::= " + " | ".join(['"a"'] * n), _SIZES),
}
_PROMPTS: Mapping[str, Callable[[int], str]] = {
    "letters": lambda n: "a" * n,
    "Chinese": lambda n: "天" * n,
    "digits": lambda n: "1" * n,
    "thousands": lambda n: "1" + ",000" * (n // 4),
    "a list": lambda n: "a, " * (n // 3),
    "apostrophes": lambda n: "A'" * (n // 2),
    "names": lambda n: "Ann Lee and " * (n // 12),
    "open quotes": lambda n: "«" * n,
    "braces": lambda n: "{a:" * (n // 3),
    "spaces": lambda n: " " * n + ".",
    "dates": lambda n: "March 3 and " * (n // 12),
    "thoughts": lambda n: "<think>" * (n // 7),
}
_FIELDS: Mapping[str, tuple[Callable[[int], Schema], Sequence[int]]] = {
    "n": (lambda n: {"n": n}, (10, 1_000, 100_000)),
    "n and min_tokens": (lambda n: {"n": n, "min_tokens": 131_072}, (1, 100, 16_384)),
    "probabilities": (lambda n: {"min_tokens": n, "logprobs": True, "top_logprobs": 20}, (100, 1_000, 100_000)),
    "choices": (lambda n: {"guided_choice": _names(n)}, _SIZES),
    "stops": (lambda n: {"stop": _names(n)}, _SIZES),
    "a regex": (lambda n: {"guided_regex": "(a|b)" * n}, _SIZES),
}
_LISTS = {name: {"type": "array", "items": {"type": "string"}} for name in _names(8)}


def _object(schema: Any) -> Schema:
    definitions = schema.get("$defs", {})
    inner = {key: value for key, value in schema.items() if key != "$defs"}
    return {"type": "object", "properties": {"a": inner}, "required": ["a"], "$defs": definitions}


def _by_tool(schema: Schema) -> Schema:
    return {"tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}], "tool_choice": "required"}


def _by_format(schema: Schema) -> Schema:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}


def _request(kind: str, size: int, endpoint: str, fields: Schema, text: str = "Go.") -> Request:
    messages = [{"role": "user", "content": text}]
    body = {"model": "google/gemini-3.5-flash", "messages": messages, **fields}
    return Request(kind, size, endpoint, json.dumps(body).encode())


def requests() -> Iterator[Request]:
    """Yield every kind in every size, smallest first."""
    for name, (schema, sizes) in _SCHEMAS.items():
        for size in sizes:
            yield from _schema_requests(name, size, _object(schema(size)))
    for name, (grammar, sizes) in _GRAMMARS.items():
        yield from (_request(name, size, VLLM, {"structured_outputs": {"grammar": grammar(size)}}) for size in sizes)
    lists = {"type": "object", "properties": _LISTS, "required": [*_LISTS]}
    for name, text in _PROMPTS.items():
        for size in (1_000, 10_000, 100_000):
            yield _request(f"{name}, a prompt", size, GEMINI, {}, text(size))
            yield _request(f"{name}, lists", size, GEMINI, _by_tool(lists), text(size))
    for name, (fields, sizes) in _FIELDS.items():
        yield from (_request(name, size, VLLM, fields(size)) for size in sizes)


def _schema_requests(name: str, size: int, schema: Schema) -> Iterator[Request]:
    yield _request(f"{name}, a tool", size, GEMINI, _by_tool(schema))
    yield _request(f"{name}, a format", size, GEMINI, _by_format(schema))
    yield _request(f"{name}, vLLM", size, VLLM, {"structured_outputs": {"json": schema}})


def measured() -> Iterator[Measured]:
    """Send all requests over one connection; yield what each took. AssertionError if the connection is closed."""
    with Emulator() as emulator:
        address = urlsplit(emulator.url)
        connection = HTTPConnection(str(address.hostname), address.port)
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        connection.connect()
        socket = connection.sock
        for request in requests():
            began = time.process_time()
            path = f"/v1/projects/p/locations/global/endpoints/{request.endpoint}/chat/completions"
            connection.request("POST", path, request.body, headers)
            answer = connection.getresponse()
            json.loads(answer.read())
            took = time.process_time() - began
            assert connection.sock is socket, "the connection was closed"
            yield Measured(request, answer.status, took)


def main() -> None:
    """Print a line for each request as it is answered."""
    for request, status, took in measured():
        print(status, f"{took:.3f} s", len(request.body), request.kind, request.size, flush=True)


if __name__ == "__main__":
    main()
