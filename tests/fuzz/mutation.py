"""Many slightly wrong requests out of one: what a generator of whole requests is too slow and too orderly for."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

AWKWARD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**30,
    0.5,
    1e308,
    "",
    "none",
    "\x00",
    "\ud800",
    "é" * 300,
    "data:image/png;base64,@@@",
    "#/$defs/x",
    [],
    {},
    [None],
    [[]],
    {"": {}},
    {"$ref": "#"},
    {"type": "object", "properties": {"a": {"$ref": "#"}}},
    {"$defs": {"N": {"properties": {"n": {"$ref": "#/$defs/N"}}}}, "$ref": "#/$defs/N"},
    {"google": "x"},
)


def mutations(request: Any, seed: int, count: int) -> Iterator[bytes]:
    """The request itself, and `count` bodies with one to three changes each; sometimes cut or no JSON at all."""
    yield json.dumps(request).encode()
    chance = random.Random(seed)
    for _ in range(count):
        mutant = copied(request)
        for _ in range(chance.randint(1, 3)):
            mutant = changed(mutant, chance)
        body = json.dumps(mutant).encode()
        yield body[: chance.randrange(len(body))] if chance.random() < 0.02 else body


def copied(value: Any) -> Any:
    """Return a copy of a JSON value, by its text: `deepcopy` takes more of the stack than deep values leave."""
    return json.loads(json.dumps(value))


def changed(tree: Any, chance: random.Random, awkward: Sequence[Any] = AWKWARD) -> Any:
    """Change one member of a value in place; return the value, or another one if it has no members."""
    places = list(_places(tree))
    if not places:
        return chance.choice(awkward)
    holder, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(copied(holder[key]))
        case 2 if isinstance(holder, dict):
            holder[f"{key}_"] = holder.pop(key)
        case _:
            holder[key] = copied(chance.choice(awkward))
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every list and object, with what holds it."""
    keys: Any = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in list(keys):
        yield tree, key
        yield from _places(tree[key])
