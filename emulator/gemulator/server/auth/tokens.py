"""Signed bearer tokens: `emulator.<session>.<expiry>.<mac>`."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote, unquote

import orjson
from msgspec import Struct

from gemulator.core.settings import Settings

_PREFIX = "emulator"
_MAC = 16  # bytes

TokenProblem: TypeAlias = Literal["foreign", "forged", "expired"]


class Token(Struct, frozen=True):
    """Content of a token. `expires` is in Unix seconds, None: never. `subject` is an email, or empty."""

    session: str
    expires: int | None = None
    scopes: tuple[str, ...] = ()
    subject: str = ""


def derive_key(seed: str, secret: str | None = None) -> bytes:
    """Return the key of a server's tokens: replicas with the same seed (or secret) accept each other's tokens."""
    text = f"seed:{seed}" if secret is None else secret
    return hashlib.blake2b(text.encode(), digest_size=32, person=b"emulator token").digest()


def signing_key(settings: Settings) -> bytes:
    """Return the token key of the settings."""
    return derive_key(settings.seed, settings.token_key.get_secret_value() if settings.token_key else None)


def create_token(session: str, expires: int | None, key: bytes, scopes: Sequence[str] = (), subject: str = "") -> str:
    """Return a token that `verify` accepts until `expires` (Unix seconds; None: without limit).

    Scopes and subject, if any, are between expiry and MAC. The session name is percent-encoded, dots included.
    """
    fields = [_PREFIX, quote(session, safe="").replace(".", "%2E"), str(expires or 0)]
    if scopes or subject:
        fields.append(_encode_claims({"scopes": list(scopes), "subject": subject}))
    return ".".join((*fields, _mac(".".join(fields), key)))


def verify(token: str, key: bytes, now: float) -> Token | TokenProblem:
    """Return the content of a token signed with this key; `foreign` if it does not have our format."""
    body, _, mac = token.rpartition(".")
    prefix, *fields = body.split(".")
    if prefix != _PREFIX or not 2 <= len(fields) <= 3:
        return "foreign"
    if not hmac.compare_digest(mac.encode(), _mac(body, key).encode()):
        return "forged"
    expires = int(fields[1]) or None
    if expires is not None and now >= expires:
        return "expired"
    if len(fields) == 2:
        return Token(unquote(fields[0]), expires)
    claims = orjson.loads(_decode_claims(fields[2]))
    return Token(unquote(fields[0]), expires, tuple(claims["scopes"]), claims["subject"])


def session_of_token(token: str) -> str | None:
    """Return the session that a signed or handwritten token (`emulator.<session>`) names, None if it names none."""
    prefix, _, rest = token.partition(".")
    return unquote(rest.partition(".")[0]) or None if prefix == _PREFIX else None


def _encode_claims(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()


def _decode_claims(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(body: str, key: bytes) -> str:
    digest = hashlib.blake2b(body.encode("utf-8", "surrogatepass"), key=key, digest_size=_MAC).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
