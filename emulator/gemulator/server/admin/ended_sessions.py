"""Ended sessions, in which late requests get a 400."""

from gemulator.state.store import ENDED_SCENARIO, PushedScenario, SessionSettings, Store

_ENDED_PUSHED = PushedScenario(
    ENDED_SCENARIO,
    "turns: [{ reply: { error: 400, message: 'this client belongs to the session of a finished test."
    " Create a client per test, or clear the cache that holds it.' } }]",
)
_ENDED_SETTINGS = SessionSettings(scenario=ENDED_SCENARIO)


async def end_session(store: Store, session: str) -> None:
    """Drop a session's state and let it answer every request with the 400."""
    await store.drop(session)
    await store.publish(session, _ENDED_PUSHED)
    await store.configure(session, _ENDED_SETTINGS)


async def has_ended(store: Store, session: str) -> bool:
    """Return True if `end_session` was called for the session."""
    return (await store.overlay(session)).settings.scenario == ENDED_SCENARIO
