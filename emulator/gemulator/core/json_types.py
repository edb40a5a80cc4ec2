"""JSON values, their text and their digest."""

import json
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

JSON: TypeAlias = Any


def digest(tree: JSON) -> bytes:
    """Return 16 bytes that depend on the JSON value, not on its formatting or key order."""
    return blake2b(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def dump_json(tree: JSON) -> str:
    """Return the compact JSON text of a value, also of integers beyond 64 bits."""
    try:
        return orjson.dumps(tree).decode()
    except TypeError:
        return json.dumps(tree, separators=(",", ":"))
