"""Requests to an upstream: one host, no redirects, bounded time and size."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from gemulator.record.upstream.errors import UpstreamError, bad_gateway, timed_out

if TYPE_CHECKING:
    import httpx

MAX_ANSWER = 256_000_000
"""Maximum size of an answer in bytes."""

_CONNECT_SECONDS = 10.0
_MAX_SECONDS = 3_600.0  # of a whole answer
_MAX_REASON = 300  # characters
_IDLE_CONNECTIONS = 20
_REDIRECTS = range(300, 400)


class BrokenOff(Exception):
    """Raised if an answer ends before its end; the message says how."""


class UpstreamClient:
    """HTTP client of one upstream. `name` is that of the upstream in messages; raises ImportError without httpx."""

    def __init__(self, name: str, timeout: float) -> None:
        import httpx

        self._httpx = httpx
        self._name = name
        self._timeout = timeout
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def post(self, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> AsyncIterator["httpx.Response"]:
        """Yield the head of the answer. Raises UpstreamError."""
        request = self._open().build_request(
            "POST", url, headers=[*headers, (b"accept-encoding", b"identity")], content=body
        )
        # httpx adds what the caller did not send; nothing else names the client.
        response = await self._send(request)
        try:
            if response.status_code in _REDIRECTS:
                cause = f"it answered {response.status_code}, a redirect, which is never followed"
                raise bad_gateway(self._name, cause, "name the server itself with --upstream")
            length = response.headers.get("content-length", "0")
            if length.isdigit() and int(length) > MAX_ANSWER:
                cause = f"its answer has {int(length):,} bytes, more than {MAX_ANSWER:,}"
                raise bad_gateway(self._name, cause, "ask for less")
            yield response
        finally:
            await response.aclose()

    async def body(self, response: "httpx.Response") -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the body as they come, never decompressed. Raises BrokenOff."""
        size, deadline = 0, asyncio.get_running_loop().time() + _MAX_SECONDS
        try:
            async with aclosing(response.aiter_raw()) as parts:  # type: ignore[type-var]
                async for part in parts:
                    size += len(part)
                    if size > MAX_ANSWER:
                        raise BrokenOff(f"the answer exceeds {MAX_ANSWER:,} bytes")
                    if asyncio.get_running_loop().time() > deadline:
                        raise BrokenOff(f"the answer takes longer than {_MAX_SECONDS:g} seconds")
                    yield part
        except self._httpx.TimeoutException:
            raise BrokenOff(f"the upstream was silent for {self._timeout:g} seconds") from None
        except (self._httpx.HTTPError, self._httpx.StreamError) as error:
            raise BrokenOff(f"the upstream broke off: {_reason(error)}") from None

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open(self) -> "httpx.AsyncClient":
        if self._client is None:
            httpx = self._httpx
            # Proxies and certificate authorities of the environment are honoured (trust_env).
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=httpx.Timeout(self._timeout, connect=min(_CONNECT_SECONDS, self._timeout), pool=None),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS),
            )
            self._client.headers.clear()
        return self._client

    async def _send(self, request: "httpx.Request") -> "httpx.Response":
        httpx = self._httpx
        try:
            async with asyncio.timeout(self._timeout + _CONNECT_SECONDS):  # a head may trickle
                return await self._open().send(request, stream=True)
        except (TimeoutError, httpx.TimeoutException):
            raise timed_out(self._name, self._timeout) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise bad_gateway(self._name, _reason(error)) from None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:_MAX_REASON]


__all__ = ["MAX_ANSWER", "BrokenOff", "UpstreamClient", "UpstreamError"]
