"""What a journal keeps: no secrets, and of what is large only its size, hash and beginning."""

import hashlib
import time
from collections.abc import Callable

import pytest

from gemulator.core.secrets import SECRETS
from gemulator.delivery.steps import Chunk, Cut, Delivery, Head
from gemulator.state.journal.redaction import Body, elided, kept, shown_headers, without_secrets

PICTURE = b"iVBORw0KGgo" * 60 + b"AA=="
MARK = b"<image/png, %d bytes, sha256 %s>" % (496, hashlib.sha256(PICTURE).hexdigest().encode())


def test_credentials_are_dropped_and_the_rest_is_not() -> None:
    headers = dict.fromkeys(SECRETS, b"secret") | {b"user-agent": b"me"}
    assert without_secrets(headers) == {b"user-agent": b"me"}
    assert len(headers) == len(SECRETS) + 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x-session-token", "(redacted)"),
        ("x-client-secret", "(redacted)"),
        ("x-my-api-key", "(redacted)"),
        ("set-cookie", "(redacted)"),
        ("x-emulator-session", "value"),
        ("x-stainless-lang", "value"),
        ("accept", "value"),
    ],
)
def test_names_that_sound_secret(name: str, shown: str) -> None:
    assert shown_headers({name.encode(): b"value"}) == {name: shown}


@pytest.mark.parametrize(
    ("data", "out"),
    [
        (b'"data:image/png;base64,' + PICTURE + b'"', b'"' + MARK + b'"'),
        (b'"' + PICTURE + b'"', b'"' + MARK.replace(b"image/png", b"base64") + b'"'),
        (b'"data:image/png;base64,iVBORw0KGgo="', b'"data:image/png;base64,iVBORw0KGgo="'),
        (b"words " * 200, b"words " * 200),
    ],
    ids=["data URL", "bare", "short", "text"],
)
def test_media_are_told_by_type_size_and_hash(data: bytes, out: bytes) -> None:
    assert elided(data) == out


def test_a_body_up_to_the_limit_is_whole() -> None:
    raw = b"x y " * 25
    whole, cut = Body.of(raw, 100), Body.of(raw, 99)
    assert (whole.data, whole.size, whole.whole) == (raw, 100, True)
    assert (cut.data, cut.size, cut.sha256) == (raw[:99], 100, hashlib.sha256(raw).hexdigest())
    assert not cut.whole


def test_a_small_delivery_is_kept_as_it_is() -> None:
    delivery = Delivery((Head(200, ()), Chunk(b"12345", 1), Chunk(b"678", 1)))
    assert kept(delivery, 8) == (delivery, 8)
    assert kept(delivery, 8)[0] is delivery


def test_of_a_large_delivery_the_beginning_is_kept_and_every_step() -> None:
    steps = (Head(200, (), 0.5), Chunk(b"12345", 3, 0.1), Chunk(b"678", 2, 0.2), Chunk(b"9", 1), Cut())
    told, size = kept(Delivery(steps), 6)
    assert size == 6
    assert told.steps == (Head(200, (), 0.5), Chunk(b"12345", 3, 0.1), Chunk(b"6", 2, 0.2), Chunk(b"", 1), Cut())
    picture, size = kept(Delivery((Head(200, ()), Chunk(b'"data:image/png;base64,' + PICTURE + b'"'))), 200)
    assert picture.steps[1] == Chunk(b'"' + MARK + b'"')
    assert size == len(MARK) + 2


@pytest.mark.parametrize("before", [b"", b'"', b"=, \xff" * 7])
def test_a_medium_is_found_wherever_it_begins(before: bytes) -> None:
    """Whatever is looked at first: 512 letters in a row are a medium, 511 are none."""
    for offset in range(40):
        for size in (511, 512, 513, 530):
            data = before + b" " * offset + b"QUJDRA"[offset % 6 :] + b"+" + b"A" * (size - 7 + offset % 6) + b'"'
            assert (elided(data) == data) == (size < 512), (offset, size)


@pytest.mark.parametrize("data", [b" " * 8_000_000, b"abc def ghi jkl. " * 470_000])
def test_what_is_large_and_no_medium_costs_little(data: bytes) -> None:
    def cost(what: Callable[[bytes], object]) -> float:
        times = []
        for _ in range(3):
            began = time.thread_time()
            what(data)
            times.append(time.thread_time() - began)
        return min(times)

    assert cost(elided) < 10 * cost(hashlib.sha256)
