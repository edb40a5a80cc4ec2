"""A running emulator as its sessions share it."""

from collections.abc import Callable, Iterator
from functools import cached_property
from threading import Lock
from urllib.parse import quote

from gemulator.client.admin import Admin
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.urls import EmulatorUrls
from gemulator.state.store import ENDED_SCENARIO

_MAX_ENDED = 100  # sessions that the server marks as ended


class EndedSessions:
    """Sessions that have ended, with their owners. Thread-safe.

    The server is notified at once, or if it could not be reached then, when the next session is created.
    """

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}  # by session
        self.reported = 0  # the newest request to one of them that was reported
        self._queue: list[str] = []  # sessions of which the server is not notified
        self._lock = Lock()

    def add(self, session: str, owner: str) -> None:
        with self._lock:
            self._queue.append(session)
            self.owner[session] = owner or session
            if len(self.owner) > _MAX_ENDED:
                del self.owner[next(iter(self.owner))]

    def take_queue(self) -> list[str]:
        """Empty the queue and return it."""
        with self._lock:
            queue, self._queue = self._queue, []
            return queue

    def remove_from_queue(self, session: str) -> None:
        """Remove a session of which the server is notified."""
        with self._lock:
            self._queue = [name for name in self._queue if name != session]

    def put_back(self, queue: list[str]) -> None:
        with self._lock:
            self._queue = queue + self._queue

    def drop_all(self, admin: Admin) -> None:
        """Delete all of them on the server."""
        for name in dict.fromkeys([*self.take_queue(), *self.owner]):
            admin.drop(name)

    def late(self, admin: Admin) -> Iterator[str]:
        """Yield lines about requests to ended sessions that were not reported before."""
        entries = admin.entries(scenario=ENDED_SCENARIO) if self.owner else []
        for entry in (one for one in entries if one["session"] in self.owner and one["id"] > self.reported):
            self.reported = max(self.reported, entry["id"])
            yield f"  request {RecordedRequest(entry)}"
            yield f"    its client was created in {self.owner[entry['session']]}"


class ServerHandle:
    """URLs, admin API, tokens and ended sessions of one server."""

    def __init__(
        self, urls: EmulatorUrls, open_admin: Callable[[], Admin], token_for: Callable[[str], str] | None = None
    ) -> None:
        self.urls = urls
        self.token_for = token_for or default_token
        self.ended = EndedSessions()
        self._open_admin = open_admin

    @cached_property
    def admin(self) -> Admin:
        """The admin API."""
        return self._open_admin()

    def close(self) -> None:
        """Close the connections of the admin API."""
        if "admin" in vars(self):
            self.admin.close()


def default_token(session: str) -> str:
    """Return the token of a session for servers with `--auth any` or `open`."""
    return f"emulator.{quote(session, safe='').replace('.', '%2E')}"
