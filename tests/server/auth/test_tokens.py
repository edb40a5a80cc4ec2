"""Bearer tokens."""

import pytest

from gemulator.server.auth.tokens import Token, TokenProblem, create_token, derive_key, session_of_token, verify

KEY = derive_key("0")
NOW = 1_770_000_000.5


@pytest.mark.parametrize("session", ["default", "tests/test_a.py::test_b[1.5]", "a.b", "naïve 数", "%2E"])
@pytest.mark.parametrize("expires", [None, 1_770_000_001])
def test_token_round_trip(session: str, expires: int | None) -> None:
    token = create_token(session, expires, KEY, ("cloud-platform", "email"), "dev@demo.iam.gserviceaccount.com")
    verified = Token(session, expires, ("cloud-platform", "email"), "dev@demo.iam.gserviceaccount.com")
    assert verify(token, KEY, NOW) == verified
    assert session_of_token(token) == session
    assert token.isascii()
    assert not set(token) & set(" ,;\"'")


def test_token_without_claims_has_four_fields() -> None:
    name, session, expiry, mac = create_token("tab-7", 1_800_000_000, KEY).split(".")
    assert (name, session, expiry) == ("emulator", "tab-7", "1800000000")
    assert len(mac) == 22
    assert create_token("tab-7", None, KEY).split(".")[2] == "0"


GOOD = create_token("default", 1_770_000_001, KEY)


@pytest.mark.parametrize(
    ("token", "now", "problem"),
    [
        (GOOD, 1_770_000_001, "expired"),
        (GOOD[:-1] + ("A" if GOOD[-1] != "A" else "Q"), NOW, "forged"),
        (GOOD.replace("1770000001", "1970000001"), NOW, "forged"),
        (GOOD.replace("default", "another"), NOW, "forged"),
        (create_token("default", None, derive_key("1")), NOW, "forged"),
        (create_token("default", None, derive_key("0", "a secret")), NOW, "forged"),
        ("emulator.default.0.ünsafe", NOW, "forged"),
        ("emulator.default.soon.x", NOW, "forged"),
        ("emulator.default", NOW, "foreign"),
        ("emulator", NOW, "foreign"),
        ("ya29.c.abc.def", NOW, "foreign"),
        ("a.b.c.d.e.f.g", NOW, "foreign"),
        ("", NOW, "foreign"),
    ],
)
def test_invalid_tokens(token: str, now: float, problem: TokenProblem) -> None:
    assert verify(token, KEY, now) == problem


@pytest.mark.parametrize(
    ("token", "session"),
    [("emulator.tab-7", "tab-7"), ("emulator", None), ("emulator.", None), ("sk-1", None), ("ya29.x", None)],
)
def test_handwritten_token_names_a_session(token: str, session: str | None) -> None:
    assert session_of_token(token) == session
