"""Names of headers that carry credentials."""

import re
from functools import lru_cache

# Dropped when a request is stored.
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

# Credentials of gateways and clouds, and their kind: the value is redacted when a request is stored.
_CREDENTIAL = re.compile(
    r"authorization|authentication|cookie|credential|passw|passphrase|secret|api-?key|csrf|xsrf|client-cert"
    r"|jwt|assertion"  # x-goog-iap-jwt-assertion, cf-access-jwt-assertion
    r"|token$|(?:access|id|session)-?token"  # x-auth-token, x-amz-security-token, x-vault-token
    r"|^(?:x-)?key$"
    # ocp-apim-subscription-key, x-functions-key, but not idempotency-key
    r"|(?<!cache)(?<!idempotency)(?<!partition)(?<!routing)(?<!surrogate)(?<!websocket)-key$"
    r"|-auth$|appcheck$|userinfo$|^dpop$|^(?:x-)?otp$|^x-amzn-oidc-|^x-ms-client-principal$"
)
_SECRET_NAME = re.compile(r"token|auth|session-?id|signature")

REDACTED = "(redacted)"


@lru_cache(maxsize=256)  # few: the names of a hostile client are long
def is_credential(name: str) -> bool:
    """Return True if the header (lower case) carries credentials: its value is never stored."""
    return _CREDENTIAL.search(name.replace("_", "-")) is not None


@lru_cache(maxsize=256)
def is_secret(name: str) -> bool:
    """Return True if the header carries credentials or its name suggests so: its value is not shown."""
    return is_credential(name) or _SECRET_NAME.search(name.replace("_", "-")) is not None
