"""When chunks leave."""

import pytest

from gemulator.core.seed import Seed
from gemulator.delivery.pacing import NO_WORKLOAD, Pacing, Spread, Workload, pace
from gemulator.delivery.schedule import Schedule
from gemulator.delivery.steps import Chunk, Head, Step

SEED = Seed.root("pacing")
STREAM = (Head(200, ()), Chunk(b"a", 10), Chunk(b"b", 20), Chunk(b"c", 0))
WHOLE = (Head(200, ()), Chunk(b"ab", 30, events=3))
CHUNK_TOKENS = [10, 20, 0]  # of the stream


def waits(
    pacing: Pacing, speed: float = 1.0, workload: Workload = NO_WORKLOAD, *, whole: bool = False, seed: Seed = SEED
) -> list[float]:
    steps = pace(
        WHOLE if whole else STREAM, pacing, workload, seed, speed, chunk_tokens=CHUNK_TOKENS if whole else None
    )
    return [step.wait for step in steps]


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


@pytest.mark.parametrize(
    ("pacing", "workload", "first"),
    [
        (Pacing(0.5, prompt_tokens_per_second=1000), Workload(prompt_tokens=2000), 2.5),
        (Pacing(0.5, thinking_tokens_per_second=100), Workload(hidden_tokens=50), 1.0),
        (Pacing(0.5), Workload(prompt_tokens=2000, hidden_tokens=50), 0.5),
        (Pacing(0.5, load=0.1), Workload(others=5), 0.75),
        (Pacing(0.5, load=0.1), Workload(others=0), 0.5),
    ],
)
def test_what_comes_before_the_first_token(pacing: Pacing, workload: Workload, first: float) -> None:
    assert waits(pacing, workload=workload)[0] == pytest.approx(first)


def test_load_slows_every_chunk() -> None:
    assert waits(Pacing(1, tokens_per_second=10, load=0.5), workload=Workload(others=1)) == [1.5, 0, 3, 0]


@pytest.mark.parametrize("jitter", [0.0, 0.5])
@pytest.mark.parametrize("workload", [NO_WORKLOAD, Workload(100, 15, 2)])
def test_a_whole_body_leaves_when_its_stream_would_have_ended(workload: Workload, jitter: float) -> None:
    pacing = Pacing(0.5, 10, jitter, prompt_tokens_per_second=50, thinking_tokens_per_second=30, load=0.1)
    assert waits(pacing, 2.0, workload, whole=True) == [pytest.approx(sum(waits(pacing, 2.0, workload))), 0]


def test_a_wait_is_decided_by_its_place() -> None:
    """A longer answer begins like a shorter one."""
    pacing = Pacing(1.0, tokens_per_second=10, jitter=0.5)
    longer: list[Step] = [*STREAM, *STREAM[1:] * 10]
    assert [step.wait for step in pace(longer, pacing, NO_WORKLOAD, SEED)][: len(STREAM)] == waits(pacing)


@pytest.mark.parametrize("spread", ["uniform", "normal", "lognormal"])
def test_jitter_is_repeatable_keeps_the_mean_and_stays_under_its_cap(spread: Spread) -> None:
    pacing = Pacing(1.0, tokens_per_second=10, jitter=0.5, spread=spread, cap=2.0)
    schedules = [waits(pacing, seed=SEED.child(index)) for index in range(2000)]
    assert schedules == [waits(pacing, seed=SEED.child(index)) for index in range(2000)]
    firsts = [schedule[0] for schedule in schedules]
    thirds = [schedule[2] for schedule in schedules]
    assert sum(firsts) / len(firsts) == pytest.approx(1.0, abs=0.05)
    assert min(firsts) >= 0
    assert max(firsts) <= (1.5 if spread == "uniform" else 2.0)
    assert len(set(firsts)) == len(firsts) or spread != "uniform"
    assert [third / 2 for third in thirds] != firsts


def test_a_wide_jitter_reaches_its_cap() -> None:
    pacing = Pacing(1.0, jitter=1.0, spread="lognormal", cap=1.5)
    assert max(waits(pacing, seed=SEED.child(index))[0] for index in range(100)) == 1.5


def test_streams_that_differ_in_nothing_that_takes_time_share_their_waits() -> None:
    schedule, tokens = Schedule(Pacing(0.5, 10)), (1, 2, 3)
    found = schedule.waits(tokens, SEED, Workload(100, 20, 3))
    assert list(found) == [0.5, 0, 0.2, 0.3]
    assert schedule.waits(tokens, SEED.child("other"), Workload(101, 0, 0)) is found
    slow = Schedule(Pacing(0.5, 10, load=0.1, thinking_tokens_per_second=10))
    firsts = [
        slow.waits(tokens, SEED, workload)[0]
        for workload in (Workload(100, 20, 3), Workload(9, 20, 3), Workload(9, 0, 3))
    ]
    assert firsts == pytest.approx([2.5 * 1.3, 2.5 * 1.3, 0.5 * 1.3])
