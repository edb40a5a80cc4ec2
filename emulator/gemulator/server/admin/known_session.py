"""Refusal of sessions that never were, which are mostly typos."""

from difflib import get_close_matches

from gemulator.core.json_types import dump_json
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.store import Store


async def require_session(store: Store, name: str) -> None:
    """Raise AdminHTTPError for a session that nobody created or used. One that was evicted passes."""
    if await store.exists(name) or (await store.tally(name)).lost:
        return
    near = get_close_matches(name, [state.name for state in await store.sessions()], 1)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    create = f"create it: POST /__emulator/sessions with {dump_json({'session': name})}"
    raise AdminHTTPError(
        404,
        "no_such_session",
        absence_of(name),
        f"{meant}A session begins with its first request or scenario; to begin one without either, {create}.",
    )


def absence_of(name: str) -> str:
    """Return the message that there is no such session."""
    return f"there is no session {name!r}"
