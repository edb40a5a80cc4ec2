"""What stays of a session that is over: whoever still asks in it is told so, and is not answered as another."""

from gemulator.state.store import PushedScenario, SessionSettings, Store

ENDED_SCENARIO = "session-is-over"  # the scenario that alone answers in it
_TOLD = PushedScenario(
    ENDED_SCENARIO,
    "turns: [{ reply: { error: 400, message: 'gemulator: this client is of a session that is over, as is the test that"
    " it was made for. Make clients anew for each test, or clear what keeps them.' } }]",
)
_ALONE = SessionSettings(scenario=ENDED_SCENARIO)


async def end_session(store: Store, session: str) -> None:
    """Forget all of a session but that it is over."""
    await store.drop(session)
    await store.publish(session, _TOLD)
    await store.configure(session, _ALONE)


async def has_ended(store: Store, session: str) -> bool:
    return (await store.overlay(session)).settings.scenario == ENDED_SCENARIO
