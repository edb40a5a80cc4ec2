"""Client of the admin API."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urlencode

import orjson

from gemulator.client.http_client import HttpPool, Unreachable
from gemulator.client.options import as_setting
from gemulator.client.turn_fields import DurationValue, duration_text
from gemulator.core.urls import redact_url
from gemulator.state.journal.diff_views import DiffView
from gemulator.state.journal.json_views import (
    EntryView,
    EventView,
    FailureView,
    FindingView,
    PageView,
    SessionView,
)

_ROOT = "/__emulator"


class AdminError(Exception):
    """The server refused a request or cannot be reached. The text ends with a remedy."""

    def __init__(self, message: str, remedy: str, code: str = "", failures: list[FailureView] | None = None) -> None:
        super().__init__(f"{message}\n{remedy}")
        self.message = message
        self.remedy = remedy
        self.code = code
        self.failures = failures


class Admin:
    """Admin API of the emulator at `url`, like http://127.0.0.1:8089. `key` is its --admin-key."""

    in_process = False  # True if the server runs in this process and serves only this process

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = HttpPool(url, {"x-emulator-admin-key": key} if key else {})
        self._url = url

    def __repr__(self) -> str:
        return f"<Admin of {redact_url(self._url)}>"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- sessions and scenarios

    def sessions(self) -> list[SessionView]:
        """Return all sessions in name order."""
        return cast(list[SessionView], self._call("GET", "/sessions")["sessions"])

    def create(
        self,
        session: str | None = None,
        *,
        scenarios: Mapping[str, str] | None = None,
        drop: Sequence[str] = (),
        over: Sequence[str] = (),
        **choices: str | int,
    ) -> tuple[str, str]:
        """Create a session and return its name and token.

        `choices` are `scenario`, `seed`, `clock`, `unmatched` and `ttl`. `scenarios` are texts to push by name. The
        sessions in `drop` are deleted first, those in `over` are ended: their clients get a 400 from then on.
        """
        body = {"session": session, "scenarios": scenarios or {}, "drop": drop, "over": over, **choices}
        created = self._call("POST", "/sessions", json=body)
        return created["session"], created["token"]

    def reset(self, session: str) -> bool:
        """Clear counters and journal of a session; return True if there was one."""
        return bool(self._call("POST", f"/sessions/{quote(session, safe='')}/reset")["reset"])

    def set_counter(self, session: str, turn: str, used: int = 0) -> None:
        """Set the number of answers that a turn with `times`, like `weather/2`, has given."""
        self._call("POST", f"/sessions/{quote(session, safe='')}/counters", json={"turn": turn, "used": used})

    def reset_counters(self, session: str) -> None:
        """Reset the counters of all turns and the repeat numbers; the journal stays."""
        self._call("POST", f"/sessions/{quote(session, safe='')}/counters", json={})

    def end(self, session: str) -> None:
        """End a session: its clients get a 400 from now on."""
        self._call("POST", f"/sessions/{quote(session, safe='')}/end")

    def drop(self, session: str) -> bool:
        """Delete a session; return True if it existed."""
        return bool(self._call("DELETE", f"/sessions/{quote(session, safe='')}")["dropped"])

    def push(self, scenario: str, session: str = "default", name: str | None = None) -> str:
        """Push a scenario in YAML or JSON and return its name."""
        params = {"session": session, **({"name": name} if name else {})}
        return str(self._call("POST", "/scenarios", params, content=scenario.encode())["name"])

    def withdraw(self, name: str | None = None, session: str = "default") -> bool:
        """Withdraw a pushed scenario, or all of them; return True if there was any."""
        path = "/scenarios" if name is None else f"/scenarios/{quote(name, safe='')}"
        return bool(self._call("DELETE", path, {"session": session})["withdrawn"])

    def pin(self, scenario: str | None, session: str = "default") -> None:
        """Let only one scenario answer; None lets all answer."""
        self._call("POST", "/scenarios/pin", json={"session": session, "scenario": scenario})

    # ---- journal

    def page(self, after: int = 0, limit: int = 100, full: bool = False, **filters: str | int | None) -> PageView:
        """Return a page of entries with numbers above `after`."""
        params = {"after": after, "limit": limit, "full": int(full), **filters}
        return cast(PageView, self._call("GET", "/journal", params))

    def entries(self, full: bool = True, **filters: str | int | None) -> list[EntryView]:
        """Return all entries that pass the filters."""
        return self.history(full, **filters)[0]

    def history(self, full: bool = True, **filters: str | int | None) -> tuple[list[EntryView], PageView]:
        """Return all entries that pass the filters, and the last page: it says what is missing."""
        found: list[EntryView] = []
        after: int | None = 0
        page: PageView = {"entries": [], "next": None}
        while after is not None:
            page = self.page(after, 1000, full, **filters)
            found += page["entries"]
            after = page["next"]
        return found, page

    def entry(self, number: int) -> EntryView:
        """Return one entry in full."""
        return cast(EntryView, self._call("GET", f"/journal/{number}"))

    def diff(self, number: int, turn: str | None = None) -> DiffView:
        """Return the whole differences between a request and the nearest turns, or one named like `weather/2`."""
        return cast(DiffView, self._call("GET", f"/journal/{number}/diff", {"turn": turn}))

    def har(self, **filters: str | int | None) -> Any:
        """Return the journal as an HTTP Archive."""
        return self._call("GET", "/journal.har", filters)

    def freeze(self, session: str | None = None, entries: Sequence[int] = (), name: str = "") -> Any:
        """Return answers of the journal as a scenario: `text`, `files` in base64, and what is `lost`."""
        return self._call("POST", "/freeze", json={"session": session, "entries": [*entries], "name": name})

    def events(self, after: int | None = None, **filters: str | int | None) -> Iterator[EventView]:
        """Yield events as they happen, until the server stops."""
        target = _target("/journal", {"after": after, **filters})
        try:
            with self._http.stream(target, {"accept": "text/event-stream"}) as response:
                if response.status >= 400:
                    raise self._error(response.status, response.read())
                for line in response:
                    if line.startswith(b"data: "):
                        yield cast(EventView, orjson.loads(line[6:]))
        except Unreachable as error:
            raise self._unreachable(error) from None

    def redact_patterns(self) -> Sequence[str]:
        """Return the regular expressions of texts that the server redacts beside credentials."""
        found = self._call("GET", "/settings").get("redact")
        return found if isinstance(found, list) else ()

    # ---- checks

    def verify(self, **expectations: Any) -> None:
        """Check the requests of a session. Raise AdminError with `failures` if a check fails."""
        self._call("POST", "/verify", json=expectations)

    def chaos(
        self,
        fault: str | Mapping[str, Any] | None = None,
        pacing: str | Mapping[str, Any] | None = None,
        quota: str | Mapping[str, Any] | None = None,
        session: str = "default",
        *,
        error: int | str | Mapping[str, Any] | None = None,
        requests: int | None = None,
        lasts: DurationValue | None = None,
    ) -> Any:
        """Replace the chaos of a session (`*`: of all) and return it; None is off, and `reset` clears all.

        Each is a line as in headers, or a mapping as in scenarios. `error` is the answer before any turn.
        """
        lines = {"fault": fault, "pacing": pacing, "quota": quota, "error": error}
        limits = {"requests": requests, "lasts": duration_text(lasts, "lasts")}
        order = {"session": session, **{name: as_setting(line) for name, line in lines.items()}, **limits}
        return self._call("POST", "/chaos", json=order)

    def chaos_now(self, session: str = "default") -> Any:
        """Return the chaos of a session, and what is left of its limits."""
        return self._call("GET", "/chaos", {"session": session})

    def verdict(self, session: str | None = None, *, strictness: str | None = None) -> list[FindingView]:
        """Return the mistakes of the clients of a session, or of all sessions.

        With `strictness`, return what a server with that strictness would refuse of the journal instead.
        """
        query = {"session": session, "strictness": strictness}
        return cast(list[FindingView], self._call("GET", "/verdict", query)["findings"])

    def explain(self, body: dict[str, Any], session: str = "default", **more: Any) -> Any:
        """Return the answer that a chat request would get, and the reason."""
        return self._call("POST", "/explain", json={"body": body, "session": session, **more})

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | None] | None = None,
        *,
        json: object = None,
        content: bytes | None = None,
    ) -> Any:
        body = content if json is None else orjson.dumps(json)
        try:
            status, answer = self._http.request(method, _target(path, params or {}), body)
        except Unreachable as error:
            raise self._unreachable(error) from None
        if status >= 400:
            raise self._error(status, answer)
        return orjson.loads(answer)

    def _unreachable(self, error: Exception) -> AdminError:
        return AdminError(
            f"cannot reach gemulator at {redact_url(self._url)}: {error}", "Start it with `gemulator serve`.", "away"
        )

    def _error(self, status: int, answer: bytes) -> AdminError:
        try:
            tree = orjson.loads(answer)
            details = tree["error"]
            return AdminError(details["message"], details["remedy"], details["code"], tree.get("failures"))
        except (ValueError, KeyError, TypeError):
            message = f"the server at {redact_url(self._url)} is not gemulator: it answered with status {status}"
            return AdminError(message, "Pass the URL of gemulator with --url.", "foreign")


def _target(path: str, params: Mapping[str, str | int | None]) -> str:
    """Return path and query below the URL, without parameters that are None."""
    query = urlencode({name: value for name, value in params.items() if value is not None})
    return f"{_ROOT}{path}?{query}" if query else _ROOT + path
