"""A session that is created on the server when first needed."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

from gemulator.client.admin import AdminError
from gemulator.client.server_handle import ServerHandle
from gemulator.state.journal.json_views import EntryView, PageView


def _require_all(page: PageView) -> None:
    """Raise AssertionError if entries of the session are missing."""
    __tracebackhide__ = True
    reasons = page.get("missing", [])
    if not reasons and page.get("evicted"):  # an older server
        reasons = [f"{page['evicted']} entries were evicted from the journal (raise journal_entries and journal_bytes)"]
    if reasons:
        raise AssertionError(f"gemulator: unknown: {' and '.join(reasons)}")


class LazySession:
    """A session's name, token, settings and pushed scenarios. Thread-safe.

    Before it is created, settings and scenarios are only collected: one request creates the session with all of them.
    A session with a given name and no settings needs no creation, because the server creates it on first use.
    """

    def __init__(
        self, server: ServerHandle, name: str | None, token: str | None = None, settings: dict[str, Any] | None = None
    ) -> None:
        self.server = server
        self.settings = settings or {}
        self.scenarios: dict[str, str] = {}  # texts by name, newest last
        self._given_name = name
        self._created: tuple[str, str] | None = None  # name and token
        if name is not None and not self.settings:
            self._created = name, token or server.token_for(name)
        self._lock = Lock()

    def create(self) -> tuple[str, str]:
        """Create the session unless it was created before. Return its name and token. Raise AdminError."""
        with self._lock:
            if self._created is None:
                ended = self.server.ended.take_queue()
                try:
                    self._created = self.server.admin.create(
                        self._given_name, scenarios=self.scenarios, over=ended, **self.settings
                    )
                except BaseException:
                    self.server.ended.put_back(ended)
                    raise
            return self._created

    @property
    def created_name(self) -> str | None:
        """The name, None if the session is not created; waits for another thread that is creating it."""
        with self._lock:
            return self._created and self._created[0]

    @property
    def known_name(self) -> str | None:
        """The name, None if the server is still to choose one; waits for nothing."""
        created = self._created
        return created[0] if created else self._given_name

    def push(self, text: str, name: str) -> None:
        """Push a scenario before all others."""
        with self._lock:
            self.scenarios.pop(name, None)
            self.scenarios[name] = text
            created = self._created
        if created is not None:
            self.server.admin.push(text, created[0], name)

    def configure(self, **settings: Any) -> None:
        """Change settings."""
        with self._lock:
            self.settings |= settings
            created = self._created
        if created is not None:
            self.server.admin.create(created[0], **self.settings)

    def entries(self, full: bool = True, scenario: str | None = None) -> list[EntryView]:
        """Return the entries of its journal, or those that a scenario answered; `full` includes the bodies.

        Raise AssertionError if some are missing.
        """
        __tracebackhide__ = True
        found, page = self.server.admin.history(full, session=self.create()[0], scenario=scenario)
        _require_all(page)
        return found

    def answers(self) -> Mapping[str, int]:
        """Return the number of answers of each turn, evicted ones too. Raise AssertionError if some are not counted."""
        __tracebackhide__ = True
        page = self.server.admin.page(limit=1, session=self.create()[0])
        if "answers" not in page:  # an older server
            found = [entry for entry in self.entries(full=False) if entry["source"] == "turn"]
            return Counter(f"{entry['scenario']}/{entry['turn']}" for entry in found)
        if page["uncounted"]:
            raise AssertionError(f"gemulator: unknown: {' and '.join(page['uncounted'])}")
        return page["answers"]

    def last(self) -> EntryView:
        """Return the newest entry. Raise AssertionError if there is none, or if a newer one may be missing."""
        __tracebackhide__ = True
        found, page = self.server.admin.history(session=self.create()[0])
        if not found or page.get("missed"):
            _require_all(page)
        if not found:
            raise AssertionError("gemulator received no request in this session")
        return found[-1]

    def drop(self) -> None:
        """Delete the session on the server."""
        name = self.created_name
        if name is not None:
            self.server.admin.drop(name)

    def end_later(self, owner: str) -> None:
        """End the session now, or with the creation of the next one if the server cannot be reached."""
        name = self.created_name
        if name is None:
            return
        self.server.ended.add(name, owner)
        with suppress(AdminError):
            self.server.admin.end(name)
            self.server.ended.remove_from_queue(name)
