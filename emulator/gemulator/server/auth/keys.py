"""Files of the state folder and the service account's RSA key."""

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


def read_or_create(file: Path, create: Callable[[], bytes], mode: int = 0o600) -> bytes:
    """Return the content of `file`, created first if it is missing. Safe against concurrent creation."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        write(draft, create(), mode)
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process created it meanwhile
        finally:
            draft.unlink()
    return file.read_bytes()


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Write `file` with `mode`, whatever the umask. It is at no time readable by others."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as out:
        file.chmod(mode)
        out.write(content)


class InvalidJwtError(ValueError):
    """A malformed JWT, or one that this key did not sign."""


class ServiceKey(Struct, frozen=True, dict=True):
    """RSA key of the dev identity. It signs the JWTs in credential files and identity tokens."""

    pem: bytes

    @classmethod
    def of(cls, state: Path) -> Self:
        """Return the key in the state folder, created if it is missing."""
        return cls(read_or_create(state / "service_account.pem", _new_key))

    @cached_property
    def _private_key(self) -> "RSAPrivateKey":
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self.pem, None)
        assert isinstance(key, RSAPrivateKey)
        return key

    @cached_property
    def public_key(self) -> "RSAPublicKey":
        """The public key."""
        return self._private_key.public_key()

    @cached_property
    def id(self) -> str:
        """The key id, as in `private_key_id`: 40 hexadecimal digits of the public key's SHA-256."""
        import hashlib

        return hashlib.sha256(self.public_pem).hexdigest()[:40]

    @cached_property
    def public_pem(self) -> bytes:
        """The public key as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self.public_key.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": _ALGORITHM,
            "kid": self.id,
            "n": _b64encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": _b64encode(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a signed JWT."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        header = {"alg": _ALGORITHM, "typ": "JWT", "kid": self.id}
        body = f"{_b64encode(orjson.dumps(header))}.{_b64encode(orjson.dumps(claims))}"
        return f"{body}.{_b64encode(self._private_key.sign(body.encode(), PKCS1v15(), SHA256()))}"

    def verify(self, jwt: str) -> dict[str, Any]:
        """Return the claims of a JWT; `exp` and `iat` are not checked. Raises InvalidJwtError."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        body, _, signature = jwt.rpartition(".")
        header, _, payload = body.partition(".")
        try:
            if orjson.loads(_b64decode(header))["alg"] != _ALGORITHM:
                raise InvalidJwtError("another algorithm")
            self.public_key.verify(_b64decode(signature), body.encode(), PKCS1v15(), SHA256())
            claims = orjson.loads(_b64decode(payload))
        except (InvalidSignature, ValueError, KeyError, TypeError) as error:
            raise InvalidJwtError(str(error)) from None
        if not isinstance(claims, dict):
            raise InvalidJwtError("no claims")
        return claims


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _b64encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _b64decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
