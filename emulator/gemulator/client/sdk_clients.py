"""OpenAI SDK clients and environment variables of a session."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gemulator.client.urls import EmulatorUrls

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class SdkClients(EmulatorUrls, ABC):
    """Creates OpenAI SDK clients for a session."""

    def __init__(self, url: str, project: str, location: str) -> None:
        super().__init__(url, project, location)
        self._clients: list[OpenAI] = []

    @property
    @abstractmethod
    def token(self) -> str:
        """The API key that selects the session."""

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that point unmodified code at the session. `NO_PROXY` exempts the emulator from proxies."""
        hosts = (os.environ.get("NO_PROXY") or os.environ.get("no_proxy", ""), urlsplit(self.url).hostname, "localhost")
        no_proxy = ",".join(dict.fromkeys(host for host in hosts if host))
        named = {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": self.token}
        return {**named, "NO_PROXY": no_proxy, "no_proxy": no_proxy}

    def openai(self, **options: Any) -> "OpenAI":
        """Create an OpenAI SDK client in this session; `options` go to the SDK."""
        from openai import DefaultHttpxClient, OpenAI

        http = DefaultHttpxClient(**self._transport())
        client = OpenAI(**{"base_url": self.base_url, "api_key": self.token, "http_client": http, **options})
        self._clients.append(client)
        return client

    def async_openai(self, **options: Any) -> "AsyncOpenAI":
        """Create an async client. It need not be closed: connections are not kept alive."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(**self._transport())
        return AsyncOpenAI(**{"base_url": self.base_url, "api_key": self.token, "http_client": http, **options})

    def _transport(self) -> dict[str, Any]:
        """Return options of the HTTP client: no proxy, no idle connections, no certificates for http URLs."""
        # Read by attribute only, so it fits both httpx versions that the SDK may use.
        idle = SimpleNamespace(max_connections=None, max_keepalive_connections=0, keepalive_expiry=None)
        return {"limits": idle, "trust_env": False, "verify": self.url.startswith("https:")}

    def close_clients(self) -> None:
        """Close the synchronous clients created here."""
        for client in self._clients:
            client.close()
        self._clients.clear()
