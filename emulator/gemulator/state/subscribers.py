"""Subscribers to the events of a store."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from gemulator.state.journal.entry import Event

_MAX_UNREAD = 10_000  # queued events per subscriber; a slow one loses older events


class Subscriber(Struct, eq=False):
    """Subscriber to one session, or to all."""

    session: str | None
    unread: deque[Event] = field(default_factory=lambda: deque(maxlen=_MAX_UNREAD))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def wants(self, session: str) -> bool:
        """Return True if the subscriber receives the events of a session."""
        return self.session in {None, session}

    async def next_after(self, number: int) -> Event:
        """Return the next event with a higher number; raise the error that ended the stream."""
        while True:
            while self.unread:
                event = self.unread.popleft()
                if event.number > number:
                    return event
            if self.error is not None:
                raise self.error
            self.arrived.clear()
            await self.arrived.wait()


class Subscribers(list[Subscriber]):
    """Current subscribers; usually none."""

    @contextmanager
    def subscribe(self, session: str | None) -> Iterator[Subscriber]:
        """Add a subscriber for the duration of the context."""
        subscriber = Subscriber(session)
        self.append(subscriber)
        try:
            yield subscriber
        finally:
            self.remove(subscriber)

    def publish(self, event: Event) -> None:
        """Queue an event for its subscribers."""
        for subscriber in self:
            if subscriber.wants(event.entry.received.session):
                subscriber.unread.append(event)
                subscriber.arrived.set()

    def fail(self, error: Exception) -> None:
        """End the stream of all subscribers with an error."""
        for subscriber in self:
            subscriber.error = error
            subscriber.arrived.set()
