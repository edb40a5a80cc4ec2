"""Clients of the OpenAI SDK that lead to a session, and what leads unmodified code there."""

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
    """Makes clients for the emulator at `url`."""

    def __init__(self, url: str, project: str, location: str) -> None:
        super().__init__(url, project, location)
        self._clients: list[OpenAI] = []

    @property
    @abstractmethod
    def token(self) -> str:
        """The API key with which a client is in the session."""

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that lead unmodified code here. A proxy of the environment is told to stay away."""
        hosts = (os.environ.get("NO_PROXY") or os.environ.get("no_proxy", ""), urlsplit(self.url).hostname, "localhost")
        spared = ",".join(dict.fromkeys(host for host in hosts if host))
        named = {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": self.token}
        return {**named, "NO_PROXY": spared, "no_proxy": spared}

    def openai(self, **options: Any) -> "OpenAI":
        """A client of the OpenAI SDK in this session; `options` are its own."""
        from openai import DefaultHttpxClient, OpenAI

        http = DefaultHttpxClient(**self._transport())
        client = OpenAI(**{"base_url": self.base_url, "api_key": self.token, "http_client": http, **options})
        self._clients.append(client)
        return client

    def async_openai(self, **options: Any) -> "AsyncOpenAI":
        """The same for asyncio. It may be made and left anywhere: no connection outlives its answer."""
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(**self._transport())
        return AsyncOpenAI(**{"base_url": self.base_url, "api_key": self.token, "http_client": http, **options})

    def _transport(self) -> dict[str, Any]:
        """No proxy, no idle connections, and no certificates where none are needed: reading them takes longest."""
        # The SDK's clients are made of one httpx or the other, and read this by attribute.
        idle = SimpleNamespace(max_connections=None, max_keepalive_connections=0, keepalive_expiry=None)
        return {"limits": idle, "trust_env": False, "verify": self.url.startswith("https:")}

    def close_clients(self) -> None:
        """Close the clients that were given out."""
        for client in self._clients:
            client.close()
        self._clients.clear()
