"""Redaction of secrets and truncation of large bodies."""

import hashlib
import time
from collections.abc import Callable

import pytest

from gemulator.core.secrets import SECRETS, is_credential
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Head
from gemulator.state.journal.body import Body, truncate_delivery
from gemulator.state.journal.redaction import LEAK_HEADER, drop_secrets, elide_media, redact_headers

PICTURE = b"iVBORw0KGgo" * 60 + b"AA=="
MARK = b"<image/png, %d bytes, sha256 %s>" % (496, hashlib.sha256(PICTURE).hexdigest().encode())


def test_only_credentials_are_dropped() -> None:
    headers = dict.fromkeys(SECRETS, b"secret") | {b"user-agent": b"me"}
    assert drop_secrets(headers) == {b"user-agent": b"me"}
    assert len(headers) == len(SECRETS) + 1


@pytest.mark.parametrize(
    "name",
    [
        "x-goog-iap-jwt-assertion",
        "cf-access-jwt-assertion",
        "x-ms-token-aad-access-token",
        "x-amzn-oidc-data",
        "x-amz-security-token",
        "x-auth-token",
        "x-auth-key",
        "x-vault-token",
        "private-token",
        "ocp-apim-subscription-key",
        "x-functions-key",
        "x-my-gateway-key",
        "openai_api_key",
        "openai-key",
        "x-client-secret",
        "x-csrf-token",
        "x-forwarded-client-cert",
        "x-firebase-appcheck",
        "x-basic-auth",
        "x-authentication",
        "cookie2",
        "dpop",
    ],
)
def test_credentials_of_gateways_are_stored_without_their_values(name: str) -> None:
    assert is_credential(name)
    headers = {name.encode(): b"hush", b"user-agent": b"me"}
    assert drop_secrets(headers) == {name.encode(): b"(redacted)", b"user-agent": b"me"}


@pytest.mark.parametrize(
    "name",
    [
        "idempotency-key",
        "x-idempotency-key",
        "sec-websocket-key",
        "prompt-cache-key",
        "x-tokens-per-minute",
        "x-author",
        "x-goog-user-project",
        "x-goog-api-client",
        "x-emulator-session",
        "monkey",
    ],
)
def test_other_headers_are_stored(name: str) -> None:
    assert drop_secrets({name.encode(): b"value"}) == {name.encode(): b"value"}


def test_kind_of_a_real_key_is_noted_in_any_credential() -> None:
    stored = drop_secrets({b"x-my-gateway-key": b"AIza" + b"x" * 35})
    assert stored == {b"x-my-gateway-key": b"(redacted)", LEAK_HEADER: b"a Google API key"}


@pytest.mark.parametrize(
    ("name", "value"),
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
def test_secret_like_names_are_redacted(name: str, value: str) -> None:
    assert redact_headers({name.encode(): b"value"}) == {name: value}


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
def test_media_become_type_size_and_hash(data: bytes, out: bytes) -> None:
    assert elide_media(data) == out


def test_body_up_to_the_limit_is_complete() -> None:
    raw = b"x y " * 25
    whole, cut = Body.of(raw, 100), Body.of(raw, 99)
    assert (whole.data, whole.size, whole.is_complete) == (raw, 100, True)
    assert (cut.data, cut.size, cut.sha256) == (raw[:99], 100, hashlib.sha256(raw).hexdigest())
    assert not cut.is_complete


def test_small_delivery_is_unchanged() -> None:
    delivery = Delivery((Head(200, ()), Chunk(b"12345", 1), Chunk(b"678", 1)))
    assert truncate_delivery(delivery, 8) == (delivery, 8)
    assert truncate_delivery(delivery, 8)[0] is delivery


def test_large_delivery_keeps_all_steps_and_its_beginning() -> None:
    steps = (Head(200, (), 0.5), Chunk(b"12345", 3, 0.1), Chunk(b"678", 2, 0.2), Chunk(b"9", 1), CloseConnection())
    truncated, size = truncate_delivery(Delivery(steps), 6)
    assert size == 6
    assert truncated.steps == (
        Head(200, (), 0.5),
        Chunk(b"12345", 3, 0.1),
        Chunk(b"6", 2, 0.2),
        Chunk(b"", 1),
        CloseConnection(),
    )
    picture, size = truncate_delivery(
        Delivery((Head(200, ()), Chunk(b'"data:image/png;base64,' + PICTURE + b'"'))), 200
    )
    assert picture.steps[1] == Chunk(b'"' + MARK + b'"')
    assert size == len(MARK) + 2


@pytest.mark.parametrize("before", [b"", b'"', b"=, \xff" * 7])
def test_medium_is_found_at_any_offset(before: bytes) -> None:
    """A run of 512 base64 characters is a medium, one of 511 is not."""
    for offset in range(40):
        for size in (511, 512, 513, 530):
            data = before + b" " * offset + b"QUJDRA"[offset % 6 :] + b"+" + b"A" * (size - 7 + offset % 6) + b'"'
            assert (elide_media(data) == data) == (size < 512), (offset, size)


@pytest.mark.parametrize("data", [b" " * 8_000_000, b"abc def ghi jkl. " * 470_000])
def test_scan_of_large_text_is_fast(data: bytes) -> None:
    def cost(what: Callable[[bytes], object]) -> float:
        times = []
        for _ in range(3):
            began = time.thread_time()
            what(data)
            times.append(time.thread_time() - began)
        return min(times)

    assert cost(elide_media) < 10 * cost(hashlib.sha256)
