"""A shared store that may be away: what needs no state is answered all the same."""

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
    StoreDown,
    StoreLimits,
    StoreLosses,
    TurnLimit,
)

_GLANCE = 1.0  # seconds


class RedisStoreWithFallback(RedisStore):
    """Redis; while it is away, the default session goes on as far as nobody could tell the difference.

    Its pushed scenarios and choices are then those that were seen last: with its own requests, and once a second with
    those of others. Repeat numbers come from this process, and entries are lost but counted. A turn with `times` and
    every other session raise StoreDown.
    """

    def __init__(
        self, url: str, bounds: StoreLimits | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(url, bounds, monotonic)
        self._meanwhile = MemoryStore(bounds, monotonic)
        self._monotonic = monotonic
        self._last_seen = UNCHANGED
        self._glance_after = 0.0
        self._unjournaled = 0

    async def overlay(self, session: str) -> SessionOverlay:
        if session == DEFAULT:
            await self._glance()
            return self._last_seen
        if self._monotonic() > self._glance_after:
            await self._glance()
        return await super().overlay(session)

    async def _glance(self) -> None:
        """See what the default session has now."""
        self._glance_after = self._monotonic() + _GLANCE
        with suppress(StoreDown):
            self._last_seen = await super().overlay(DEFAULT)

    async def _lay(self, session: str, change: Callable[[SessionOverlay], SessionOverlay]) -> bool:
        changed = await super()._lay(session, change)
        if session == DEFAULT:
            await self._glance()
        return changed

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        try:
            return await super().claim(session, fingerprint, limits, dry=dry)
        except StoreDown:
            if session != DEFAULT or any(limit.times is not None for limit in limits):
                raise
        return await self._meanwhile.claim(session, fingerprint, limits, dry=dry)

    async def append(self, received: Received) -> int:
        try:
            return await super().append(received)
        except StoreDown:
            self._unjournaled += 1
            return 0

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        try:
            await super().finish(session, number, finished)
        except StoreDown:
            self._unjournaled += 1

    async def losses(self) -> StoreLosses:
        try:
            losses = await super().losses()
        except StoreDown:
            losses = StoreLosses(0)
        return replace(losses, unjournaled=self._unjournaled)
