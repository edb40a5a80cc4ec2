"""Those who listen to the events of a store, as they happen."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from gemulator.state.journal.entry import Event

_UNREAD = 10_000  # events that wait for a slow reader; older ones are lost to it


class Subscriber(Struct, eq=False):
    """One who listens to a session, or to all."""

    session: str | None
    unread: deque[Event] = field(default_factory=lambda: deque(maxlen=_UNREAD))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def wants(self, session: str) -> bool:
        """Whether the events of a session are any of theirs."""
        return self.session in {None, session}

    async def next_after(self, number: int) -> Event:
        """The next event with a higher number. Raises what keeps it from coming."""
        while True:
            while self.unread:
                event = self.unread.popleft()
                if event.number > number:
                    return event
            if self.error is not None:
                raise self.error
            self.news.clear()
            await self.news.wait()


class Subscribers(list[Subscriber]):
    """All who listen: none most of the time."""

    @contextmanager
    def joined(self, session: str | None) -> Iterator[Subscriber]:
        """One more, for as long as the context is open."""
        reader = Subscriber(session)
        self.append(reader)
        try:
            yield reader
        finally:
            self.remove(reader)

    def tell(self, event: Event) -> None:
        """Something has happened."""
        for reader in self:
            if reader.wants(event.entry.received.session):
                reader.unread.append(event)
                reader.news.set()

    def fail(self, error: Exception) -> None:
        """Nothing more will be told, for this reason."""
        for reader in self:
            reader.error = error
            reader.news.set()
