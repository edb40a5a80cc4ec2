"""Bearer tokens that carry whose they are and how long they live, and prove it: `emulator.<session>.<expiry>.<mac>`."""

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

Problem: TypeAlias = Literal["foreign", "forged", "expired"]


class Token(Struct, frozen=True):
    """What a token says. `expires` is in Unix seconds, None: never; `subject` is an email, empty where nobody's."""

    session: str
    expires: int | None = None
    scopes: tuple[str, ...] = ()
    subject: str = ""


def key_of(seed: str, secret: str | None = None) -> bytes:
    """The key of a server's tokens: replicas with the same seed (or secret) accept each other's."""
    return hashlib.blake2b((secret or f"seed:{seed}").encode(), digest_size=32, person=b"emulator token").digest()


def key_for(settings: Settings) -> bytes:
    """The key that the settings give."""
    return key_of(settings.seed, settings.token_key.get_secret_value() if settings.token_key else None)


def mint(session: str, expires: int | None, key: bytes, scopes: Sequence[str] = (), subject: str = "") -> str:
    """A token that `verify` accepts until `expires` (Unix seconds; None: for ever).

    Scopes and subject, where there are any, stand between expiry and MAC. Any session name fits: what a header or a
    dot would not bear is percent-encoded.
    """
    fields = [_PREFIX, quote(session, safe="").replace(".", "%2E"), str(expires or 0)]
    if scopes or subject:
        fields.append(_packed({"scopes": list(scopes), "subject": subject}))
    return ".".join((*fields, _mac(".".join(fields), key)))


def verify(token: str, key: bytes, now: float) -> Token | Problem:
    """What a token says, if this key made it; `foreign`: it has not even the form of a minted one."""
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
    claims = orjson.loads(_unpacked(fields[2]))
    return Token(unquote(fields[0]), expires, tuple(claims["scopes"]), claims["subject"])


def session_in(token: str) -> str | None:
    """The session that a token names, minted or just written down (`emulator.<session>`); None: it names none."""
    prefix, _, rest = token.partition(".")
    return unquote(rest.partition(".")[0]) or None if prefix == _PREFIX else None


def _packed(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(body: str, key: bytes) -> str:
    digest = hashlib.blake2b(body.encode("utf-8", "surrogatepass"), key=key, digest_size=_MAC).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
