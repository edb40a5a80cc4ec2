"""Subscribers to the events of a store."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from gemulator.state.journal.entry import Event

_MAX_EVENTS = 10_000  # of a subscriber's backlog
_MAX_BYTES = 8_000_000  # of the journal entries in it


class EventsLost(Exception):
    """Raised to a subscriber that reads so slowly that its backlog was dropped; the message says how large it was."""


class Subscriber(Struct, eq=False):
    """Subscriber to one session, or to all."""

    session: str | None
    unread: deque[Event] = field(default_factory=deque)
    size: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def wants(self, session: str) -> bool:
        """Return True if the subscriber receives the events of a session."""
        return self.session in {None, session}

    def add(self, event: Event) -> None:
        """Queue an event; end the stream with EventsLost if the backlog is full."""
        if self.error is not None:
            return
        self.unread.append(event)
        self.size += event.entry.received.size
        if len(self.unread) > _MAX_EVENTS or (self.size > _MAX_BYTES and len(self.unread) > 1):
            self.fail(EventsLost(f"{len(self.unread)} unread events of {self.size} bytes were dropped"))
            self.unread.clear()
        self.arrived.set()

    def fail(self, error: Exception) -> None:
        """End the stream with an error, after the events in the backlog."""
        self.error = error
        self.arrived.set()

    async def next_after(self, number: int) -> Event:
        """Return the next event with a higher number; raise the error that ended the stream."""
        while True:
            while self.unread:
                event = self.unread.popleft()
                self.size -= event.entry.received.size
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
                subscriber.add(event)

    def fail(self, error: Exception) -> None:
        """End the stream of all subscribers with an error."""
        for subscriber in self:
            subscriber.fail(error)
