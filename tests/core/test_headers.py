"""Headers as text over bytes."""

import pytest

from gemulator.core.headers import Headers


def test_names_are_case_insensitive() -> None:
    headers = Headers({b"x-tenant": b"blue"})
    assert headers["X-Tenant"] == headers["x-tenant"] == "blue"
    assert "X-TENANT" in headers


def test_missing_header_raises_key_error() -> None:
    headers = Headers({})
    assert headers.get("host") is None
    with pytest.raises(KeyError):
        headers["host"]


def test_values_are_latin_1() -> None:
    headers = Headers({b"x-name": b"\xe9t\xe9"})
    assert headers["x-name"] == "été"
    assert dict(headers) == {"x-name": "été"}
    assert len(headers) == 1


def test_text_outside_latin_1_is_replaced() -> None:
    headers = Headers.from_text({"X-City": "東京", "X-Name": "été"})
    assert headers.raw == {b"x-city": b"??", b"x-name": b"\xe9t\xe9"}


def test_name_outside_latin_1_is_missing() -> None:
    assert "x-城" not in Headers({b"x-": b"1"})
