"""."""

from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

JSON: TypeAlias = Any


def digest(tree: JSON) -> bytes:
    """16 bytes that are the same for the same JSON, however it is written."""
    return blake2b(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
