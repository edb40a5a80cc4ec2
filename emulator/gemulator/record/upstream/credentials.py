"""Credentials for an upstream."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

from gemulator.core.headers import Headers
from gemulator.core.upstream_setting import UpstreamKind

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EXTRA = "install it with: pip install 'gemulator[record]'"


class CredentialsError(Exception):
    """Raised if there are no credentials; the message says why and what to do."""


class UpstreamCredentials:
    """Bearer tokens for the upstream, as `--upstream-auth` says. `is_own` tells gemulator's own tokens.

    Raises CredentialsError if the source cannot be used at all.
    """

    def __init__(self, source: str, kind: UpstreamKind, is_own: Callable[[str], bool]) -> None:
        self._source = source
        self._kind = kind
        self._is_own = is_own
        self._adc: Any = None
        self._lock: asyncio.Lock | None = None
        if source == "adc":
            _import_google_auth()
        elif source.startswith("env:") and not os.environ.get(source[4:]):
            raise CredentialsError(f"the variable {source[4:]} is not set or empty: export the key in it")

    async def header(self, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """Return the headers with the credentials. Raises CredentialsError."""
        if self._source == "none":
            return []
        if self._source == "adc":
            return _bearer(await self._application_default())
        if self._source.startswith("env:"):
            return _bearer(os.environ.get(self._source[4:], ""))
        return self._of_caller(headers)

    def _of_caller(self, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        scheme, _, token = Headers(headers).get("authorization", "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token and not self._is_own(token):
            return _bearer(token)
        if self._kind == "openai":  # most local servers need no key
            return []
        raise CredentialsError(
            "the caller has no bearer token that can be sent on, and gemulator's own never leave it: send one of"
            " Google, or start the server with --upstream-auth adc"
        )

    async def _application_default(self) -> str:
        """Return a valid access token of google-auth, which blocks: it is asked in a thread."""
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            try:
                return await asyncio.get_running_loop().run_in_executor(None, self._refresh)
            except Exception as error:  # google-auth raises errors of its transports, too
                message = f"google-auth has no credentials ({type(error).__name__}: {str(error)[:300]})"
                raise CredentialsError(f"{message}: run `gcloud auth application-default login`") from None

    def _refresh(self) -> str:
        google_auth = _import_google_auth()
        if self._adc is None:
            self._adc, _ = google_auth.default(scopes=[_SCOPE])
        if not self._adc.valid:
            from google.auth.transport.requests import Request  # type: ignore[import-not-found]

            self._adc.refresh(Request())
        return str(self._adc.token)


def _bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Bearer " + token.encode("latin-1", "replace"))]


def _import_google_auth() -> Any:
    try:
        import google.auth as google_auth  # type: ignore[import-not-found]
    except ImportError:
        raise CredentialsError(f"`adc` needs google-auth, which is not installed: {_EXTRA}") from None
    return google_auth
