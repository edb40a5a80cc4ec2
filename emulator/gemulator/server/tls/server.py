"""The server with its further doors: HTTPS beside HTTP, and a proxy that leads to it."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from msgspec import Struct

if TYPE_CHECKING:
    from gemulator.server.tls.certificate_authority import CertificateAuthority
    from gemulator.server.tls.proxy import Proxy

_FAREWELL = 0.5  # seconds: pooled clients never answer a farewell, and the usual 30 would hold up the end


class ExtraListeners(Struct, frozen=True):
    """Listening sockets, and the authority behind the first."""

    authority: "CertificateAuthority"
    tls: socket.socket
    proxy: socket.socket | None = None

    def close(self) -> None:
        """Never open them."""
        self.tls.close()
        if self.proxy is not None:
            self.proxy.close()


class Server(uvicorn.Server):
    """uvicorn's server: all doors lead into one app, one loop and one shutdown."""

    def __init__(self, config: uvicorn.Config, doors: ExtraListeners | None = None) -> None:
        super().__init__(config)
        self._doors = doors
        self._proxy: Proxy | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the further doors once the app has started."""
        await super().startup(sockets)
        if self._doors is None:
            return
        loop = asyncio.get_running_loop()
        context = self._doors.authority.context()
        tls = await loop.create_server(
            self._protocol, sock=self._doors.tls, ssl=context, ssl_shutdown_timeout=_FAREWELL
        )
        self.servers.append(tls)
        if self._doors.proxy is not None:
            from gemulator.server.tls.proxy import Proxy

            self._proxy = Proxy(self._doors.tls.getsockname()[:2])
            await self._proxy.open(self._doors.proxy)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        state = self.lifespan.state
        protocol: asyncio.Protocol = kind(config=self.config, server_state=self.server_state, app_state=state)
        return protocol

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all doors. Answers that are under way in a tunnel get the same grace as all others."""
        if self._proxy is not None:
            self._proxy.shut()
        await super().shutdown(sockets)
        if self._proxy is not None:
            await self._proxy.end()
