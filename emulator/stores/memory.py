"""State in this process."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.journal import Received
from emulator.stores.store import Claim, Limit

_SESSIONS = 10_000
_REPEATS = 10_000
_ENTRIES = 1_000


@dataclass(slots=True)
class _Session:
    used: dict[bytes, int] = field(default_factory=dict)
    repeats: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    entries: deque[Received] = field(default_factory=lambda: deque(maxlen=_ENTRIES))


class MemoryStore:
    """The default store. Bounded: the session idle longest goes first, as does the repeat number unused longest."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def _session(self, name: str) -> _Session:
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session()
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)
        else:
            self._sessions.move_to_end(name)
        return session

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[Limit], *, dry: bool = False) -> Claim:
        state = self._session(session)
        attempt = state.repeats.get(fingerprint, 0)
        free = (
            index
            for index, limit in enumerate(limits)
            if limit.times is None or state.used.get(limit.key, 0) < limit.times
        )
        index = next(free, None)
        if not dry:
            self._take(state, fingerprint, attempt, None if index is None else limits[index])
        return Claim(index, attempt)

    def _take(self, state: _Session, fingerprint: bytes, attempt: int, limit: Limit | None) -> None:
        state.repeats[fingerprint] = attempt + 1
        state.repeats.move_to_end(fingerprint)
        if len(state.repeats) > _REPEATS:
            state.repeats.popitem(last=False)
        if limit is not None and limit.times is not None:
            state.used[limit.key] = state.used.get(limit.key, 0) + 1

    async def append(self, received: Received) -> None:
        self._session(received.session).entries.append(received)
