"""OpenAI SDK clients and environment variables of a session."""

import os
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gemulator.client.urls import EmulatorUrls

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class SdkClients:
    """Creates OpenAI SDK clients that use `token`, which is called when a client is created."""

    def __init__(self, urls: EmulatorUrls, token: Callable[[], str]) -> None:
        self._urls = urls
        self._token = token
        self._clients: list[OpenAI] = []

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that point unmodified code at the session. `NO_PROXY` exempts the emulator from proxies."""
        hosts = (
            os.environ.get("NO_PROXY") or os.environ.get("no_proxy", ""),
            urlsplit(self._urls.url).hostname,
            "localhost",
        )
        no_proxy = ",".join(dict.fromkeys(host for host in hosts if host))
        variables = {"OPENAI_BASE_URL": self._urls.base_url, "OPENAI_API_KEY": self._token()}
        return {**variables, "NO_PROXY": no_proxy, "no_proxy": no_proxy}

    def openai(self, **options: Any) -> "OpenAI":
        """Create an OpenAI SDK client in this session; `options` go to the SDK."""
        from openai import DefaultHttpxClient, OpenAI

        http = DefaultHttpxClient(**self._transport())
        client = OpenAI(**{"base_url": self._urls.base_url, "api_key": self._token(), "http_client": http, **options})
        self._clients.append(client)
        return client

    def async_openai(self, **options: Any) -> "AsyncOpenAI":
        """Create an async client. It need not be closed: connections are not kept alive."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(**self._transport())
        named = {"base_url": self._urls.base_url, "api_key": self._token(), "http_client": http}
        return AsyncOpenAI(**{**named, **options})

    def _transport(self) -> dict[str, Any]:
        """Return options of the HTTP client: no proxy, no idle connections, no certificates for http URLs."""
        # Read by attribute only, so it fits httpx as well as httpx2, of which newer SDKs derive their clients.
        idle = SimpleNamespace(max_connections=None, max_keepalive_connections=0, keepalive_expiry=None)
        return {"limits": idle, "trust_env": False, "verify": self._urls.url.startswith("https:")}

    def close(self) -> None:
        """Close the synchronous clients created here."""
        for client in self._clients:
            client.close()
        self._clients.clear()
