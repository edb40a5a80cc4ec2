"""temp"""

from collections.abc import Sequence
from typing import Any

from emulator.seed import Seed


def answer(seed: Seed, prompt: str, *, words: int | None = None) -> str:
    return f"About {prompt}: " + seed.bytes(8).hex()


def report(seed: Seed, prompt: str, results: Sequence[tuple[str, Any]]) -> str:
    return f"Results: {results}"


def thought(seed: Seed, prompt: str, words: int = 25) -> str:
    return f"Thinking of {prompt}"
