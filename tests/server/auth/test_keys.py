"""Files of the state folder and the service key."""

import base64
import hmac
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gemulator.server.auth.keys import InvalidJwtError, ServiceKey, read_or_create, write


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ServiceKey:
    return ServiceKey.of(tmp_path_factory.mktemp("state"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_key_is_created_once_and_private(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    first = ServiceKey.of(state)
    assert ServiceKey.of(state).id == first.id
    assert mode(state / "service_account.pem") == 0o600
    assert mode(state) == 0o700
    assert [file.name for file in state.iterdir()] == ["service_account.pem"]


def test_concurrent_creation_has_one_winner(tmp_path: Path) -> None:
    file = tmp_path / "key"

    def slow() -> bytes:
        file.write_bytes(b"theirs")
        return b"ours"

    assert read_or_create(file, slow) == b"theirs"
    assert [found.name for found in tmp_path.iterdir()] == ["key"]


def test_rewritten_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"old")
    file.chmod(0o666)
    write(file, b"new")
    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o266, 0o777])
@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_mode_of_a_file_does_not_depend_on_the_umask(tmp_path: Path, umask: int, wanted: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "key", b"secret", wanted)
        read_or_create(tmp_path / "created", lambda: b"secret", wanted)
    finally:
        os.umask(before)
    assert [mode(file) for file in tmp_path.iterdir()] == [wanted] * 2


def test_signed_jwt_is_verified(key: ServiceKey) -> None:
    jwt = key.sign({"iss": "x", "n": 1})
    assert key.verify(jwt) == {"iss": "x", "n": 1}
    header = jwt.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "RS256", "typ": "JWT", "kid": key.id}


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def hmac_signed(header: object, secret: bytes) -> str:
    body = f"{part(header)}.{part(CLAIMS)}"
    digest = hmac.new(secret, body.encode(), "sha256").digest()
    return f"{body}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


CLAIMS = {"iss": "x"}
FORGED: dict[str, Callable[[ServiceKey, str, str, str], str]] = {
    "altered claims": lambda key, header, claims, signature: f"{header}.{part({'iss': 'y'})}.{signature}",
    "altered header": lambda key, header, claims, signature: f"{part({'alg': 'RS256'})}.{claims}.{signature}",
    "no signature": lambda key, header, claims, signature: f"{header}.{claims}.",
    "two parts": lambda key, header, claims, signature: f"{header}.{claims}",
    "four parts": lambda key, header, claims, signature: f"{header}.{claims}.{claims}.{signature}",
    "cut signature": lambda key, header, claims, signature: f"{header}.{claims}.{signature[:-4]}",
    "none": lambda key, header, claims, signature: f"{part({'alg': 'none'})}.{claims}.",
    "none, signed": lambda key, header, claims, signature: f"{part({'alg': 'nOnE'})}.{claims}.{signature}",
    "another algorithm": lambda key, header, claims, signature: f"{part({'alg': 'HS256'})}.{claims}.{signature}",
    "HS256 of the public key": lambda key, *_: hmac_signed({"alg": "HS256"}, key.public_pem),
    "HS256 called RS256": lambda key, *_: hmac_signed({"alg": "RS256"}, key.public_pem),
    "HS256 of an empty key": lambda key, *_: hmac_signed({"alg": "HS256"}, b""),
    "a list of algorithms": lambda key, header, claims, signature: f"{part({'alg': ['RS256']})}.{claims}.{signature}",
    "header is a list": lambda key, header, claims, signature: f"{part(['alg'])}.{claims}.{signature}",
    "header is a number": lambda key, header, claims, signature: f"{part(1)}.{claims}.{signature}",
    "own key in the header": lambda key, header, claims, signature: (
        f"{part({'alg': 'RS256', 'jwk': key.jwk})}.{claims}.{signature}"
    ),
    "claims are a list": lambda key, *_: key.sign([1]),
    "empty": lambda *_: "",
    "dots": lambda *_: "...",
    "no base64": lambda *_: "a.b.c",
    "not ASCII": lambda *_: "….….…",
    "nested": lambda *_: f"{base64.urlsafe_b64encode(b'[' * 9_999).decode()}.x.y",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_jwt_is_invalid(key: ServiceKey, forge: Callable[[ServiceKey, str, str, str], str]) -> None:
    header, claims, signature = key.sign(CLAIMS).split(".")
    with pytest.raises(InvalidJwtError):
        key.verify(forge(key, header, claims, signature))


def test_jwt_of_another_key_is_invalid(key: ServiceKey, tmp_path: Path) -> None:
    with pytest.raises(InvalidJwtError):
        key.verify(ServiceKey.of(tmp_path).sign(CLAIMS))


def test_public_forms_are_of_one_key(key: ServiceKey) -> None:
    numbers = key.public_key.public_numbers()
    modulus = base64.urlsafe_b64decode(key.jwk["n"] + "==")
    assert int.from_bytes(modulus, "big") == numbers.n
    assert base64.urlsafe_b64decode(key.jwk["e"]) == b"\x01\x00\x01"
    assert key.public_pem.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert len(key.id) == 40
