"""Names of credentials in headers."""

import re
from functools import lru_cache

SECRETS = {
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"api-key",
    b"x-api-key",
    b"x-goog-api-key",
    b"x-goog-iam-authorization-token",
    b"x-serverless-authorization",
    b"x-emulator-admin-key",
}


_SECRET_NAME = re.compile(r"secret|token|passw|credential|api-?key|auth|cookie|session-?id")


REDACTED = "(redacted)"


def is_credential(name: str) -> bool:
    """Return True if the header (lower case) carries credentials."""
    return name.encode("latin-1", "replace") in SECRETS


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Return True if the header carries credentials or its name suggests so."""
    return is_credential(name) or _SECRET_NAME.search(name) is not None
