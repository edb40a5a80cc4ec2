"""Refusal of sessions that never were, which are mostly typos."""

from collections.abc import Sequence
from difflib import get_close_matches

from gemulator.core.json_types import dump_json
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.store import Store


async def require_session(store: Store, name: str) -> None:
    """Raise AdminHTTPError for a session that nobody created or used. One that was evicted passes."""
    if await store.exists(name) or (await store.tally(name)).lost:
        return
    meant = suggestion(name, [state.name for state in await store.sessions()])
    create = f"create it: POST /__emulator/sessions with {dump_json({'session': name})}"
    raise AdminHTTPError(
        404,
        "no_such_session",
        absence_of(name),
        f"{meant}A session begins with its first request or scenario; to begin one without either, {create}.",
    )


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return the question if a name that is known was meant, empty if none is near."""
    near = get_close_matches(name, known, 1)
    return f"Did you mean {near[0]!r}? " if near else ""


def absence_of(name: str) -> str:
    """Return the message that there is no such session."""
    return f"there is no session {name!r}"
