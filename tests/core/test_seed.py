"""Seeds, ids and signatures."""

import subprocess
import sys

import pytest

from gemulator.core.seed import Seed, event_id, event_id_seconds, sign, verify

ROOT = Seed.root("0", "weather", b"body")


def test_children_differ_by_name_and_by_kind_of_name() -> None:
    paths = [(), ("a",), ("b",), ("a", "b"), ("ab",), (1,), ("1",), (1, "a")]
    assert len({ROOT.child(*path).number() for path in paths}) == len(paths)


def test_parts_of_a_root_are_not_joined() -> None:
    assert Seed.root("ab", "c").number() != Seed.root("a", "bc").number()


def test_another_process_draws_the_same() -> None:
    code = "from gemulator.core.seed import Seed; print(Seed.root('x', 3).child('call', 0).number())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) == Seed.root("x", 3).child("call", 0).number()


def test_draws_stay_in_range() -> None:
    seeds = [ROOT.child(index) for index in range(500)]
    assert {seed.below(3) for seed in seeds} == {0, 1, 2}
    assert {seed.between(5, 6) for seed in seeds} == {5, 6}
    assert all(0 <= seed.unit() < 1 for seed in seeds)
    assert {len(ROOT.bytes(size)) for size in (0, 1, 64, 65, 5000)} == {0, 1, 64, 65, 5000}


def test_lone_surrogates_are_names_too() -> None:
    assert ROOT.child("\ud800").number() != ROOT.child("\ud801").number()


def test_event_ids_carry_their_seconds_and_are_unique() -> None:
    ids = [event_id(1770850461, ROOT.child(index)) for index in range(2000)]
    assert len(set(ids)) == 2000
    assert {event_id_seconds(made) for made in ids} == {1770850461}
    assert {len(made) for made in ids} == {22, 23}


@pytest.mark.parametrize(
    ("documented", "seconds"),
    [
        ("nQiNafGyF5rw998PstqooAY", 1770850461),
        ("hAmNaZb8BZOX4_UPlNXoEA", 1770850692),
        ("bA-NacCPKoae_9MPsNCn6Qc", 1770852204),
    ],
)
def test_documented_ids_decode_to_created(documented: str, seconds: int) -> None:
    assert event_id_seconds(documented) == seconds


@pytest.mark.parametrize("text", ["", "x", "chatcmpl-123", "!!!!"])
def test_other_ids_carry_no_time(text: str) -> None:
    assert event_id_seconds(text) is None


KEY = b"k" * 32


def test_a_signature_is_known_again() -> None:
    made = sign(KEY, "get_weather", ROOT)
    assert made.startswith("AY89a1")
    assert verify(KEY, "get_weather", made)


@pytest.mark.parametrize(
    ("key", "name", "change"),
    [(b"z" * 32, "get_weather", 0), (KEY, "other", 0), (KEY, "get_weather", 1)],
    ids=["another server's", "another function's", "altered"],
)
def test_a_foreign_or_damaged_signature_is_refused(key: bytes, name: str, change: int) -> None:
    made = sign(KEY, "get_weather", ROOT)
    damaged = made[:-8] + ("A" if made[-8] != "A" else "B") + made[-7:] if change else made
    assert not verify(key, name, damaged)


@pytest.mark.parametrize("text", ["", "skip_thought_signature_validator", "é", "AY89a1"])
def test_no_signature_at_all(text: str) -> None:
    assert not verify(KEY, "", text)
