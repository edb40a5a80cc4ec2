"""Requests that once froze the server or broke it: each is answered, and none with a 5xx."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.endpoint import Endpoint, schema, tool, user
from tests.fuzz.kinds import requests
from tests.waiting import PATIENCE

Body = dict[str, Any]


def doubling(levels: int, keyword: str) -> Body:
    """A schema whose definitions each name the next one twice."""
    definitions: Body = {f"l{n}": {keyword: [{"$ref": f"#/$defs/l{n - 1}"}] * 2} for n in range(1, levels + 1)}
    definitions["l0"] = {"type": "string"}
    return {
        "type": "object",
        "properties": {"a": {"$ref": f"#/$defs/l{levels}"}},
        "required": ["a"],
        "$defs": definitions,
    }


def objects(levels: int) -> Body:
    """A schema whose objects each hold two of the next kind."""
    definitions: Body = {
        f"l{n}": {
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/l{n - 1}"} for name in "ab"},
            "required": ["a", "b"],
        }
        for n in range(1, levels + 1)
    }
    definitions["l0"] = {"type": "string"}
    return {
        "type": "object",
        "properties": {"a": {"$ref": f"#/$defs/l{levels}"}},
        "required": ["a"],
        "$defs": definitions,
    }


def of(**values: Body) -> Body:
    return {"type": "object", "properties": values, "required": [*values]}


PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
SCHEMAS: dict[str, Body] = {
    **{f"allOf that doubles {n} times": doubling(n, "allOf") for n in (10, 20, 29, 40, 60)},
    **{f"anyOf that doubles {n} times": doubling(n, "anyOf") for n in (10, 20, 40)},
    **{f"objects that double {n} times": objects(n) for n in (5, 10, 20, 30)},
    **{f"a multiple of 10^{n}": of(n={"type": "integer", "multipleOf": 10**n}) for n in (3, 18, 30)},
    "multiples of primes": of(n={"type": "integer", "allOf": [{"multipleOf": prime} for prime in PRIMES]}),
    **{f"10^{n} properties": {"type": "object", "minProperties": 10**n} for n in (2, 6, 12)},
    **{f"a pattern of {n} letters": of(s={"type": "string", "pattern": "a" * n}) for n in (10, 10_000, 1_000_000)},
    **{f"an enum of {n} texts": of(s={"enum": [f"v{i}" for i in range(n)]}) for n in (10, 10_000, 300_000)},
    "an enum that is no list": of(s={"type": "string", "enum": 3}),
    "a bound beyond 64 bits": of(n={"type": "integer", "minimum": 10**40}),
}
GRAMMARS = {
    **{f"EBNF after {n} signs": f"root ::= x\n{'#' * n}\nx ::= 'a'" for n in (5, 30, 10_000)},
    **{f"Lark after {n} signs": f'start: greeting\n{"#" * n}\ngreeting: "a"' for n in (5, 30, 10_000)},
}


def bodies() -> Iterator[tuple[str, str, Body]]:
    """Name, endpoint and body of each request."""
    for name, inner in SCHEMAS.items():
        messages = [user("Do it now.")]
        yield f"{name}, an answer", "openapi", {"messages": messages, "response_format": schema(inner)}
        yield f"{name}, vLLM", "123", {"messages": messages, "structured_outputs": {"json": inner}}
        function = tool("f")["function"] | {"parameters": inner}
        yield (
            f"{name}, a tool",
            "openapi",
            {"messages": messages, "tools": [{"type": "function", "function": function}]},
        )
    for name, grammar in GRAMMARS.items():
        yield name, "123", {"messages": [user("Go.")], "structured_outputs": {"grammar": grammar}}
    yield "n beyond the limit", "123", {"messages": [user("Go.")], "n": 100_000}
    yield (
        "safety settings that are no list",
        "openapi",
        {
            "messages": [user("Go.")],
            "extra_body": {"google": {"safety_settings": True}},
        },
    )


def main() -> None:
    """Send all requests and print a line for each as it is answered."""
    endpoint = Endpoint()
    for name, target, body in bodies():
        sent = json.dumps({"model": "google/gemini-3.5-flash" if target == "openapi" else "", **body}).encode()
        print(endpoint.send(sent, target).status, name, flush=True)


def lines_of(module: str) -> list[str]:
    """Return the lines that a module prints; a request that hangs ends it."""
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=5 * PATIENCE)
    assert done.returncode == 0, done.stderr + done.stdout[-500:]
    return done.stdout.splitlines()


@pytest.mark.slow
def test_hostile_requests_are_answered() -> None:
    lines = lines_of("tests.fuzz.test_hostile")
    assert len(lines) == len([*bodies()])
    assert [line for line in lines if not line.startswith(("200 ", "400 "))] == []


@pytest.mark.slow
def test_kinds_of_growing_size_are_answered_on_one_connection() -> None:
    lines = lines_of("tests.fuzz.kinds")
    assert len(lines) == len([*requests()]) > 300
    assert [line for line in lines if not line.startswith(("200 ", "400 "))] == []


if __name__ == "__main__":
    main()
