"""JSON values and their digest."""

from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

JSON: TypeAlias = Any


def digest(tree: JSON) -> bytes:
    """Return 16 bytes that depend on the JSON value, not on its formatting or key order."""
    return blake2b(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
