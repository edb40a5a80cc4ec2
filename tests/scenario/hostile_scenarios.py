"""Scenarios and requests that take too much: `python -m tests.scenario.hostile_scenarios NAME` prints what is said."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from gemulator.core.errors import ScenarioError
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.loading.reader import read_scenario
from tests.endpoint import Endpoint, tool

MEGABYTE = 1_000_000

# Name, words of the problem, text of the scenario.
REFUSED: dict[str, tuple[str, str]] = {
    "lists in lists": ("the nesting is too deep", "[" * MEGABYTE),
    "mappings in mappings": ("the nesting is too deep", "{a: " * 500_000),
    "dashes after dashes": ("the nesting is too deep", "- " * 500_000 + "x"),
    "JSON in JSON": ("the nesting is too deep", '{"turns":' + "[" * 200_000 + "]" * 200_000 + "}"),
    "aliases of aliases": (
        "too large once its aliases are expanded",
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 13)),
    ),
    "aliases of a long text": (
        "too large once its aliases are expanded",
        "turns:\n  - &t { reply: &a '" + "x" * MEGABYTE + "' }\n" + "  - { reply: *a }\n" * 20_000,
    ),
    "many values": ("too large once its aliases are expanded", "turns: [" + "x," * 900_000 + "x]"),
    "merges of one": (
        "unknown key",
        "turns: [{ reply: x, <<: [" + ", ".join(f"{{ k{n}: 1 }}" for n in range(20_000)) + "] }]",
    ),
    "merges of merges": (
        "too large once its aliases are expanded",
        "m0: &m0 { a: 1 }\n"
        + "".join(f"m{n}: &m{n} {{ <<: [*m{n - 1}, *m{n - 1}] }}\n" for n in range(1, 40))
        + "turns: [{ reply: x, <<: *m39 }]",
    ),
    "unknown keys": (
        "and 29,900 more problems",
        "turns: [{ reply: x, " + ", ".join(f"k{n}: 1" for n in range(30_000)) + " }]",
    ),
    "unknown keys outside": ("more problems", "".join(f"a{n}: &a{n} x\n" for n in range(50_000))),
    "wrong turns": ("more problems", "turns:\n" + "  - { repl: x }\n" * 20_000),
    "turns without a value": ("this key has no value", "turns:\n" + "  - { reply: }\n" * 20_000),
    "a long number": ("this number is too large", "turns: [{ reply: x, times: " + "9" * 5_000_000 + " }]"),
    "a merge of itself": ("an alias contains itself", "&a { <<: *a }"),
    "an alias in itself": ("an alias contains itself", "turns: &t [{ reply: *t }]"),
    "Python in a tag": ("is not supported", "turns: [{ reply: !!python/object/apply:os.system ['true'] }]"),
    "half of a pair": ("an escape stands for no character", 'turns: [{ reply: "\\ud800" }]'),
    "a pattern too large": (
        "invalid regular expression",
        "turns: [{ when: { user: { matches: '((((a{9}){9}){9}){9}){9}' } }, reply: x }]",
    ),
    "a long glob": ("a glob has at most", "turns: [{ when: { user: { glob: '" + "*a" * 100_000 + "' } }, reply: x }]"),
    "question marks": ("a glob has at most", "turns: [{ when: { user: { glob: '*" + "?" * 500 + "y*' } }, reply: x }]"),
    "many alternatives": (
        "the list has 50,000 entries",
        "turns: [{ when: { user: [" + ", ".join(f"a{n}" for n in range(50_000)) + "] }, reply: x }]",
    ),
    "many calls": (
        "the list has 20,000 entries",
        "turns: [{ reply: [" + ", ".join(["{ call: f }"] * 20_000) + "] }]",
    ),
    "open braces": ("`{{` is not closed", "turns: [{ reply: '" + "{{ " * 400_000 + "' }]"),
    "open quotes": ("is not an expression", "turns: [{ reply: '" + '{{ " }} {{ a " ' * 100_000 + "' }]"),
    "open brackets": ("is not a valid path", "turns: [{ reply: '{{ a" + "[" * 200_000 + " }}' }]"),
    "a long name": ("the text has 1,000,000 characters", "name: " + "x" * MEGABYTE + "\nturns: [{ reply: x }]"),
    "a number without end": ("is too large", "turns: [{ reply: '{{ " + "9" * 100_000 + " }}' }]"),
}

LONG = "x" * 999_000

# Name, words of the message, scenario, user text. The status is 400.
REQUESTS: dict[str, tuple[str, str, str]] = {
    "an expression often": (
        "exceeds 1,000,000 bytes",
        "turns: [{ reply: '" + "{{ user }}" * 400_000 + "' }]",
        "x" * 100_000,
    ),
    "a filter often": (
        "read and write more than",
        "turns: [{ reply: '{{ user" + "|upper" * 400_000 + " }}' }]",
        LONG,
    ),
    "quotes of quotes": (
        "exceeds 1,000,000 bytes",
        "turns: [{ reply: '{{ user" + "| json" * 1_000 + " }}' }]",
        '"' * 10,
    ),
    "a replacement that grows": (
        "exceeds 1,000,000 bytes",
        'turns: [{ reply: \'{{ user | replace("x", "' + "y" * 100_000 + "\") }}' }]",
        LONG,
    ),
    "a separator that grows": (
        "exceeds 1,000,000 bytes",
        "turns: [{ reply: '{{ user | join(\"" + "y" * 100_000 + "\") }}' }]",
        LONG,
    ),
    "a part often": (
        "read and write more than",
        "turns: [{ reply: [" + ", ".join(["{ text: '{{ user }}' }"] * 900) + "] }]",
        LONG,
    ),
    "a value often": (
        "read and write more than",
        "turns: [{ reply: { json: [" + ", ".join(["'{{ user }}'"] * 20_000) + "] } }]",
        LONG,
    ),
    "an argument often": (
        "read and write more than",
        "turns: [{ reply: { call: f, with: { a: [" + ", ".join(["'{{ user }}'"] * 20_000) + "] } } }]",
        LONG,
    ),
    "a piece often": (
        "read and write more than",
        "turns: [{ reply: { chunks: [" + ", ".join(["'{{ user }}'"] * 20_000) + "] } }]",
        LONG,
    ),
    "the body often": (
        "read and write more than",
        "turns: [{ reply: '" + "{{ body | truncate(3) }}" * 20_000 + "' }]",
        LONG,
    ),
    "each character a chunk": (
        "999,000 chunks",
        "turns: [{ reply: { text: '{{ user }}', chunks: { characters: 1 } } }]",
        LONG,
    ),
    "many named groups": (
        "captures 900 groups",
        "turns: [{ when: { user: { matches: '"
        + "".join(f"(?P<g{n}>x*)" for n in range(900))
        + "' } }, reply: '{{ match.g1 }}' }]",
        "x" * 100_000,
    ),
    "many groups": (
        "captures 900 groups",
        "turns: [{ when: { user: { matches: '" + "(x*)" * 900 + "' } }, reply: '{{ match.1 }}' }]",
        "x" * 100_000,
    ),
}


def problem(name: str) -> str:
    """Return the words of the problem of a scenario, empty if it has none."""
    try:
        read_scenario(REFUSED[name][1], Path("own.yaml"), "own")
    except ScenarioError as error:
        return str(error)
    return ""


def answer(name: str) -> list[str]:
    """Return status and text of the answer to a request, once as a body and once as a stream."""
    _, scenario, text = REQUESTS[name]
    endpoint = Endpoint(scenario)
    given = [
        endpoint.ask(text, "google/gemini-2.5-flash", stream=stream, tools=[tool("f")]) for stream in (False, True)
    ]
    return [f"{one.status} {one.text}" for one in given]


def includes(folder: Path) -> Iterator[str]:
    """Yield the problems of includes that grow."""
    (folder / "_long.yaml").write_text("[" + "x, " * 3_000 + "x]")
    (folder / "_broken.yaml").write_text("- x\n" * 300_000 + "[")
    for file in ("_long.yaml", "_broken.yaml"):
        own = folder / "own.yaml"
        own.write_text("turns: [" + f"{{ include: {file} }}, " * 999 + "{ reply: x }]")
        try:
            read_scenario(own.read_text(), own, "own", Folder(folder))
        except ScenarioError as error:
            yield str(error)


if __name__ == "__main__":
    if sys.argv[1] == "includes":
        print(json.dumps(list(includes(Path(sys.argv[2])))))
    else:
        print(json.dumps({name: problem(name) if name in REFUSED else answer(name) for name in sys.argv[1:]}))
