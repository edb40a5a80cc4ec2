"""Files of the state folder and the service key."""

import base64
import json
import stat
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


def test_signed_jwt_is_verified(key: ServiceKey) -> None:
    jwt = key.sign({"iss": "x", "n": 1})
    assert key.verify(jwt) == {"iss": "x", "n": 1}
    header = jwt.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "RS256", "typ": "JWT", "kid": key.id}


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_jwt_of_another_key_is_invalid(key: ServiceKey, tmp_path: Path) -> None:
    header, claims, signature = key.sign({"iss": "x"}).split(".")
    stranger = ServiceKey.of(tmp_path).sign({"iss": "x"})
    altered = f"{header}.{part({'iss': 'y'})}.{signature}"
    unsigned = f"{part({'alg': 'none'})}.{claims}."
    other = f"{part({'alg': 'HS256'})}.{claims}.{signature}"
    for jwt in (stranger, altered, unsigned, other, f"{header}.{claims}", "", "a.b.c", "…", key.sign([1])):  # type: ignore[arg-type]
        with pytest.raises(InvalidJwtError):
            key.verify(jwt)


def test_public_forms_are_of_one_key(key: ServiceKey) -> None:
    numbers = key.public_key.public_numbers()
    modulus = base64.urlsafe_b64decode(key.jwk["n"] + "==")
    assert int.from_bytes(modulus, "big") == numbers.n
    assert base64.urlsafe_b64decode(key.jwk["e"]) == b"\x01\x00\x01"
    assert key.public_pem.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert len(key.id) == 40
