"""The state folder and the service account's key in it: made once, readable by its owner only."""

import base64
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_ALGORITHM = "RS256"


def read_or_create(file: Path, make: Callable[[], bytes], mode: int = 0o600) -> bytes:
    """What is in `file`; made and written first where it is missing. Of two that make it at once, one wins."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        write(draft, make(), mode)
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # made by another process meanwhile: theirs is as good
        finally:
            draft.unlink()
    return file.read_bytes()


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Write `file`, never readable by more than `mode` says, not even for a moment."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as out:
        out.write(content)


class InvalidJwtError(ValueError):
    """A JWT that this key did not sign, or that is none."""


class ServiceKey(Struct, frozen=True, dict=True):
    """The RSA key of the dev identity. It signs the JWTs in credential files, and identity tokens."""

    pem: bytes

    @classmethod
    def of(cls, state: Path) -> Self:
        """The key in the state folder."""
        return cls(read_or_create(state / "service_account.pem", _new_key))

    @cached_property
    def _private(self) -> "RSAPrivateKey":
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self.pem, None)
        assert isinstance(key, RSAPrivateKey)
        return key

    @cached_property
    def public(self) -> "RSAPublicKey":
        """What may be shown to everyone."""
        return self._private.public_key()

    @cached_property
    def id(self) -> str:
        """40 hexadecimal digits, as in `private_key_id`: a digest of the public key."""
        import hashlib

        return hashlib.sha256(self.public_pem).hexdigest()[:40]

    @cached_property
    def public_pem(self) -> bytes:
        """The public key as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self.public.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": _ALGORITHM,
            "kid": self.id,
            "n": _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": _encoded(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, claims: dict[str, Any]) -> str:
        """The claims as a JWT."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        header = {"alg": _ALGORITHM, "typ": "JWT", "kid": self.id}
        body = f"{_encoded(orjson.dumps(header))}.{_encoded(orjson.dumps(claims))}"
        return f"{body}.{_encoded(self._private.sign(body.encode(), PKCS1v15(), SHA256()))}"

    def verify(self, jwt: str) -> dict[str, Any]:
        """The claims of a JWT that this key signed; its times are not looked at. Forged where it did not."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        body, _, signature = jwt.rpartition(".")
        header, _, claims = body.partition(".")
        try:
            if orjson.loads(_decoded(header))["alg"] != _ALGORITHM:
                raise InvalidJwtError("another algorithm")
            self.public.verify(_decoded(signature), body.encode(), PKCS1v15(), SHA256())
            told = orjson.loads(_decoded(claims))
        except (InvalidSignature, ValueError, KeyError, TypeError) as error:
            raise InvalidJwtError(str(error)) from None
        if not isinstance(told, dict):
            raise InvalidJwtError("no claims")
        return told


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
