"""Uvicorn server with extra listeners: HTTPS and an HTTPS proxy."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from msgspec import Struct

if TYPE_CHECKING:
    from gemulator.server.tls.certificate_authority import CertificateAuthority
    from gemulator.server.tls.proxy import Proxy

_TLS_SHUTDOWN_SECONDS = 0.5  # idle pooled clients never answer close_notify; asyncio's default of 30 s delays the stop


class ExtraListeners(Struct, frozen=True):
    """Listening sockets of HTTPS and proxy, with the certificate authority of HTTPS."""

    authority: "CertificateAuthority"
    tls: socket.socket
    proxy: socket.socket | None = None

    def close(self) -> None:
        """Close the sockets of a server that does not start."""
        self.tls.close()
        if self.proxy is not None:
            self.proxy.close()


class Server(uvicorn.Server):
    """Uvicorn server whose listeners share one app, one event loop and one shutdown."""

    def __init__(self, config: uvicorn.Config, extra: ExtraListeners | None = None) -> None:
        super().__init__(config)
        self._extra = extra
        self._proxy: Proxy | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the extra listeners once the app has started."""
        await super().startup(sockets)
        if self._extra is None:
            return
        loop = asyncio.get_running_loop()
        context = self._extra.authority.context()
        tls = await loop.create_server(
            self._create_protocol, sock=self._extra.tls, ssl=context, ssl_shutdown_timeout=_TLS_SHUTDOWN_SECONDS
        )
        self.servers.append(tls)
        if self._extra.proxy is not None:
            from gemulator.server.tls.proxy import Proxy

            self._proxy = Proxy(self._extra.tls.getsockname()[:2])
            await self._proxy.open(self._extra.proxy)

    def _create_protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        state = self.lifespan.state
        protocol: asyncio.Protocol = kind(config=self.config, server_state=self.server_state, app_state=state)
        return protocol

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all listeners. Answers in progress in a tunnel get the same grace period as the others."""
        if self._proxy is not None:
            self._proxy.stop_accepting()
        await super().shutdown(sockets)
        if self._proxy is not None:
            await self._proxy.cancel_tunnels()
