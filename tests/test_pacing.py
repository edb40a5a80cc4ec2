"""When chunks leave."""

import pytest

from emulator.delivery import Chunk, Head
from emulator.pacing import Pacing, pace
from emulator.seed import Seed

SEED = Seed.root("pacing")
STREAM = (Head(200, ()), Chunk(b"a", 10), Chunk(b"b", 20), Chunk(b"c", 0))


def waits(pacing: Pacing, speed: float = 1.0, *, whole: bool = False) -> list[float]:
    return [step.wait for step in pace(STREAM, pacing, SEED, speed, whole=whole)]


@pytest.mark.parametrize(
    ("pacing", "speed", "expected"),
    [
        (Pacing(), 1.0, [0, 0, 0, 0]),
        (Pacing(first_token=0.5), 1.0, [0.5, 0, 0, 0]),
        (Pacing(0.5, tokens_per_second=10), 1.0, [0.5, 0, 2, 0]),
        (Pacing(0.5, tokens_per_second=10), 2.0, [0.25, 0, 1, 0]),
        (Pacing(0.5, tokens_per_second=10), 0.0, [0, 0, 0, 0]),
    ],
)
def test_a_stream(pacing: Pacing, speed: float, expected: list[float]) -> None:
    assert waits(pacing, speed) == expected


def test_a_whole_body_leaves_when_its_stream_would_have_ended() -> None:
    assert waits(Pacing(0.5, tokens_per_second=10), whole=True) == [3.5, 0, 0, 0]


def test_jitter_is_bounded_and_repeatable() -> None:
    pacing = Pacing(1.0, tokens_per_second=10, jitter=0.3)
    first, _, third, _ = waits(pacing)
    assert waits(pacing) == [first, 0, third, 0]
    assert 0.7 <= first <= 1.3
    assert 1.4 <= third <= 2.6
    assert first / 1.0 != third / 2.0
