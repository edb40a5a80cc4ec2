"""Chaos of a session and of all sessions, as far as it holds for a request."""

from hashlib import blake2b

from msgspec.structs import replace

from gemulator.core.clock import Clock
from gemulator.state.store import EVERYONE, UNCHANGED, SessionOverlay, SessionSettings, Store, StoreError, TurnLimit

LINES = ("fault", "pacing", "quota", "error")
"""Settings that chaos orders."""

COUNTER = "chaos"
"""Counter of the requests of an order."""


def without_chaos(settings: SessionSettings) -> SessionSettings:
    """Return the settings without the lines of chaos and their limits."""
    return replace(settings, fault=None, pacing=None, quota=None, error=None, requests=None, until=None)


async def with_chaos(
    store: Store, session: str, overlays: tuple[SessionOverlay, SessionOverlay], clock: Clock, *, dry: bool = False
) -> SessionOverlay:
    """Return the overlay of a session with the chaos that holds for this request; count the request, unless `dry`.

    `overlays` are those of the session and of all sessions. The chaos of the session precedes that of all.
    """
    overlay, everyone = overlays
    own, common = overlay.settings, everyone.settings
    if own.requests is None and own.until is None and everyone is UNCHANGED:
        return overlay
    settings = own if await _holds(store, session, own, clock, dry=dry) else without_chaos(own)
    if everyone is not UNCHANGED and await _holds_for_all(store, common, clock, dry=dry):
        lines = {name: getattr(common, name) for name in LINES if getattr(settings, name) is None}
        settings = replace(settings, **lines)
    if settings == own:
        return overlay
    content = repr((overlay.generation, settings)).encode()
    return replace(
        overlay, settings=settings, generation=int.from_bytes(blake2b(content, digest_size=8).digest(), "big")
    )


async def _holds_for_all(store: Store, settings: SessionSettings, clock: Clock, *, dry: bool) -> bool:
    try:
        return await _holds(store, EVERYONE, settings, clock, dry=dry)
    except StoreError:  # its requests cannot be counted: that is not the error of the session that asks
        return False


async def _holds(store: Store, session: str, settings: SessionSettings, clock: Clock, *, dry: bool) -> bool:
    """Return True if neither the time nor the requests of an order are used up."""
    if settings.until is not None and clock() >= settings.until:
        return False
    if settings.requests is None:
        return True
    claim = await store.claim(session, COUNTER.encode(), [TurnLimit(COUNTER, settings.requests)], dry=dry)
    return claim.index is not None
