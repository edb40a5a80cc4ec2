"""Redis store with an in-memory fallback for stateless requests."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from gemulator.state.journal.entry import Finished, Received
from gemulator.state.memory import MemoryStore
from gemulator.state.redis_store import RedisStore
from gemulator.state.store import (
    DEFAULT,
    EVERYONE,
    UNCHANGED,
    Claim,
    SessionOverlay,
    StoreDataError,
    StoreDown,
    StoreError,
    StoreLimits,
    StoreLosses,
    Tally,
    TurnLimit,
)

_REFRESH = 1.0  # seconds
_REPORT = 0.2  # seconds between attempts to note missing entries in the store
_CLOSE = 3.0  # seconds for the last attempt to end


class RedisStoreWithFallback(RedisStore):
    """Redis store whose default session keeps working without state while Redis is down.

    It then uses the overlay that was read last: with each of its requests, and once a second with those of other
    sessions; and that of all sessions, which each request reads. Repeat numbers come from this process. Entries are
    lost but counted, in the store too once it is back: the evidence of their sessions is incomplete until they are
    reset. A turn with `times` and every other session raise StoreDown.
    """

    def __init__(
        self, url: str, limits: StoreLimits | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(url, limits, monotonic)
        self._fallback = MemoryStore(limits, monotonic)
        self._monotonic = monotonic
        self._default_overlay = self._common_overlay = UNCHANGED
        self._refresh_after = 0.0
        self._unjournaled = 0
        self._missed: Counter[str] = Counter()  # by session, and not yet noted in the store
        self._reporting: asyncio.Task[None] | None = None
        self._closed = False

    async def overlay(self, session: str) -> SessionOverlay:
        if session == DEFAULT:
            await self._refresh_default()
            return self._default_overlay
        if session == EVERYONE:
            with suppress(StoreError):  # each request asks for it: its data must harm none
                self._common_overlay = await super().overlay(EVERYONE)
            return self._common_overlay
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
            self._miss(received.session)
            return 0

    def _miss(self, session: str) -> None:
        """Count an answer that is not journaled, and note it in the store as soon as that is back."""
        self._unjournaled += 1
        self._missed[session] += 1
        if self._reporting is None or self._reporting.done():
            self._reporting = asyncio.create_task(self._report_until_noted())

    async def _report_until_noted(self) -> None:
        while self._missed and not self._closed:
            await asyncio.sleep(_REPORT)
            await self._report()

    async def _report(self) -> None:
        """Note in the store what is missing, as far as it is up."""
        for session in [*self._missed]:
            answers = self._missed.pop(session)
            try:
                await self.note_missed(session, answers)
            except StoreDataError:  # nothing can be read from this session before it is dropped
                continue
            except StoreDown:
                self._missed[session] += answers
                return

    async def tally(self, session: str) -> Tally:
        await self._report()
        return await super().tally(session)

    async def reset(self, session: str) -> None:
        await self._report()
        await super().reset(session)

    async def drop(self, session: str) -> bool:
        await self._report()
        return await super().drop(session)

    async def close(self) -> None:
        if self._reporting is not None:
            self._closed = True  # a command may end in its timeout instead of the cancellation
            self._reporting.cancel()
            await asyncio.wait([self._reporting], timeout=_CLOSE)
        await super().close()

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        try:
            await super().finish(session, number, finished)
        except StoreError:
            self._miss(session)

    async def count_sessions(self) -> int:
        try:
            return await super().count_sessions()
        except StoreDown:
            return 0

    async def losses(self) -> StoreLosses:
        try:
            losses = await super().losses()
        except StoreDown:
            losses = StoreLosses(0)
        return replace(losses, unjournaled=self._unjournaled)
