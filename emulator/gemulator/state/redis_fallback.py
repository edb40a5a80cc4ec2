"""Redis store with an in-memory fallback for stateless requests."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from gemulator.state.journal.entry import Finished, Received
from gemulator.state.memory import MemoryStore
from gemulator.state.redis_store import RedisStore
from gemulator.state.store import (
    DEFAULT,
    UNCHANGED,
    Claim,
    SessionOverlay,
    StoreDataError,
    StoreDown,
    StoreError,
    StoreLimits,
    StoreLosses,
    TurnLimit,
)

_REFRESH = 1.0  # seconds


class RedisStoreWithFallback(RedisStore):
    """Redis store whose default session keeps working without state while Redis is down.

    It then uses the overlay that was read last: with each of its requests, and once a second with those of other
    sessions. Repeat numbers come from this process, and entries are lost but counted. A turn with `times` and every
    other session raise StoreDown.
    """

    def __init__(
        self, url: str, limits: StoreLimits | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(url, limits, monotonic)
        self._fallback = MemoryStore(limits, monotonic)
        self._monotonic = monotonic
        self._default_overlay = UNCHANGED
        self._refresh_after = 0.0
        self._unjournaled = 0

    async def overlay(self, session: str) -> SessionOverlay:
        if session == DEFAULT:
            await self._refresh_default()
            return self._default_overlay
        if self._monotonic() > self._refresh_after:
            with suppress(StoreDataError):  # the default session's, which this request does not use
                await self._refresh_default()
        return await super().overlay(session)

    async def _refresh_default(self) -> None:
        """Read the overlay of the default session, if Redis is up. Raises StoreDataError."""
        self._refresh_after = self._monotonic() + _REFRESH
        with suppress(StoreDown):
            self._default_overlay = await super().overlay(DEFAULT)

    async def _update_overlay(self, session: str, change: Callable[[SessionOverlay], SessionOverlay]) -> bool:
        changed = await super()._update_overlay(session, change)
        if session == DEFAULT:
            await self._refresh_default()
        return changed

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        try:
            return await super().claim(session, fingerprint, limits, dry=dry)
        except StoreDown:
            if session != DEFAULT or any(limit.times is not None for limit in limits):
                raise
        return await self._fallback.claim(session, fingerprint, limits, dry=dry)

    async def append(self, received: Received) -> int:
        try:
            return await super().append(received)
        except StoreError:
            self._unjournaled += 1
            return 0

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        try:
            await super().finish(session, number, finished)
        except StoreError:
            self._unjournaled += 1

    async def losses(self) -> StoreLosses:
        try:
            losses = await super().losses()
        except StoreDown:
            losses = StoreLosses(0)
        return replace(losses, unjournaled=self._unjournaled)
