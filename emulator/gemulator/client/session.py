"""A session of a running emulator: where to point clients, what to answer, what was asked."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self, Unpack
from urllib.parse import quote

from gemulator.client.admin import Admin, AdminError
from gemulator.client.checks import EndedSessions, SessionChecks, message_of
from gemulator.client.loaded_files import LoadedFiles
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.sdk_clients import SdkClients
from gemulator.client.stubs import NAME, MatchConditions, Stub, Stubs, conditions_as_dict, conditions_error
from gemulator.core.errors import ScenarioError
from gemulator.core.settings import UnmatchedMode
from gemulator.state.journal.json_views import FindingView


@dataclass
class PendingSession:
    """What is said of a session before anyone can ask in it: one request tells the server all of it."""

    name: str | None
    scenarios: dict[str, str] = field(default_factory=dict)  # by name, the newest last

    def push(self, text: str, name: str) -> None:
        self.scenarios.pop(name, None)
        self.scenarios[name] = text


class Session(SdkClients):
    """A session of the emulator at `url`, which other sessions do not see: `Session("http://127.0.0.1:8089")`.

    `token` is the API key with which a client is in it; `key` is the server's --admin-key.
    """

    def __init__(
        self,
        url: str,
        name: str = "default",
        token: str | None = None,
        *,
        key: str | None = None,
        project: str = "demo",
        location: str = "global",
    ) -> None:
        super().__init__(url, project, location)
        self._named = name
        self._token = token
        self._key = key
        self._reset()
        self.folders: Sequence[Path] = ()  # where `load` looks for a relative path before the working directory
        self._opening: PendingSession | None = None
        self._shares = False  # the connections of another
        self._lock = Lock()
        self._left: list[str] = []  # sessions of the family that the server may forget

    def _reset(self) -> None:
        self._choices: dict[str, Any] = {}
        self._stubs = Stubs()
        self._loaded = LoadedFiles()
        self._texts: dict[str, str] = {}  # what was pushed, by name
        self._lent: Sequence[str] = ()  # of that, what it shares with all others
        self._over = EndedSessions()  # sessions of the family

    @property
    def name(self) -> str:
        """How the server calls it."""
        self._open()
        return self._named

    @property
    def token(self) -> str:
        """The API key with which a client is in it."""
        self._open()
        return self._token or self._token_of(self._named)

    @cached_property
    def admin(self) -> Admin:
        """The admin API."""
        return Admin(self.url, self._key)

    def session(
        self,
        name: str | None = None,
        *,
        seed: str | int | None = None,
        clock: str | datetime | None = None,
        unmatched: UnmatchedMode | None = None,
    ) -> "Session":
        """Another session of the same emulator; without a name a new one. What is left out is as the server."""
        choices = {"seed": None if seed is None else str(seed), "clock": _moment(clock), "unmatched": unmatched}
        made = Session(self.url, name or "", None, key=self._key, project=self.project, location=self.location)
        made._choices = {key: value for key, value in choices.items() if value is not None}
        made.admin, made._shares = self.admin, True
        made._left, made._over, made.folders = self._left, self._over, self.folders
        # A session is made on first use: where nothing is chosen, it needs no word with the server.
        if made._choices or name is None:
            made._opening = PendingSession(name)
        else:
            made._token = self._token_of(name)
        return made

    def _open(self) -> None:
        """Tell the server of this session with all that was said so far: nobody can ask in it before."""
        with self._lock:
            if self._opening is None:
                return
            opening, left = self._opening, list(self._drain())
            said: dict[str, Any] = {"scenarios": opening.scenarios, "over": left, **self._choices}
            try:
                self._named, self._token = self.admin.create(opening.name, **said)
            except BaseException:
                self._left += left
                raise
            self._opening = None

    def _drain(self) -> Iterator[str]:
        """What has been left, for the one that asks: others of the family may ask at the same time."""
        with suppress(IndexError):
            while True:
                yield self._left.pop()

    @property
    def _is_created(self) -> bool:
        """Whether the server knows of it; whoever is just telling it has told it then."""
        with self._lock:
            return self._opening is None

    def _token_of(self, name: str) -> str:
        """A token that servers with `--auth any` or `open` accept; others give out their own."""
        return f"emulator.{quote(name, safe='').replace('.', '%2E')}"

    # ---- what is answered

    def when(self, **conditions: Unpack[MatchConditions]) -> Stub:
        """`when(user="weather").reply("It rains.")`, as a turn of a scenario: the first that fits answers."""
        __tracebackhide__ = True
        return self._stubs.when(conditions, self._push)

    def load(self, file: str | Path) -> None:
        """Answer with a scenario file too, after stubs and before all that was loaded so far. ScenarioError."""
        __tracebackhide__ = True
        try:
            loaded = self._loaded.read(self._found(file))
        except ScenarioError as error:
            raise ScenarioError(error.problems) from None  # how it was read is nobody's concern
        self._push(loaded.text, loaded.name)
        self._stubs.publish(self._push)

    def _found(self, file: str | Path) -> Path:
        return next((found for folder in self.folders if (found := folder / file).is_file()), Path(file))

    def share_loaded(self) -> None:
        """What was loaded so far is everyone's: of its `times`, those count of which some were asked here."""
        self._lent = tuple(self._texts)

    def to_yaml(self) -> str:
        """What was stubbed, as a scenario file."""
        return self._stubs.to_yaml()

    def _push(self, text: str, name: str = NAME) -> None:
        self._texts[name] = text
        with self._lock:  # another thread may be opening it
            if self._opening is not None:
                self._opening.push(text, name)
                return
        self.admin.push(text, self._named, name)

    @property
    def seed(self) -> str | None:
        """Decides every word; None: as the server."""
        return self._choices.get("seed")

    @seed.setter
    def seed(self, value: str | int) -> None:
        self._choose(seed=str(value))

    @property
    def clock(self) -> str | None:
        """The moment at which the clock of this session stands still; None: as the server."""
        return self._choices.get("clock")

    @clock.setter
    def clock(self, value: str | datetime) -> None:
        self._choose(clock=_moment(value) or "real")

    def _choose(self, **choices: str) -> None:
        with self._lock:
            self._choices |= choices
            if self._opening is not None:
                return
        self.admin.create(self._named, **self._choices)

    # ---- what was asked

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """What was asked so far, in order."""
        return [RecordedRequest(entry) for entry in self.admin.entries(session=self.name)]

    @property
    def last(self) -> RecordedRequest:
        """The newest request. AssertionError where there is none."""
        __tracebackhide__ = True
        requests = self.requests
        if not requests:
            raise AssertionError("gemulator was not asked anything in this session")
        return requests[-1]

    @property
    def checks(self) -> SessionChecks:
        """The checks behind the assertions below."""
        return SessionChecks(self.admin, self.name, self._texts, self._lent, self._over, self._stubs)

    def assert_called(
        self,
        times: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **conditions: Unpack[MatchConditions],
    ) -> None:
        """Whether such a request came, so often; without a number: at all."""
        __tracebackhide__ = True
        when = conditions_as_dict(conditions)
        bounds = {"count": times, "at_least": at_least, "at_most": at_most}
        given = {key: value for key, value in bounds.items() if value is not None}
        try:
            self.checks.verify(entries=[{"when": when, **given}])
        except AdminError as error:
            wrong = conditions_error(when, "assert_called") if error.code == "invalid_body" else None
            raise (wrong or error) from None

    def assert_all_used(self) -> None:
        """Whether every stub has answered, and every `times` is used up."""
        __tracebackhide__ = True
        stubs = [{"scenario": NAME, "turn": number + 1} for number in range(len(self._stubs.turns))]
        self.checks.verify(entries=stubs, times_used=True)

    def assert_all_matched(self) -> None:
        """Whether a turn fitted every request."""
        __tracebackhide__ = True
        self.checks.verify(none_unmatched=True)

    def assert_done(self) -> None:
        """What the pytest fixture checks after each test: no request was refused for want of a turn that fits, and
        every `times` is used up. An answer is invented where that is wanted."""
        __tracebackhide__ = True
        failed = self.checks.failed_at_end()
        if failed:
            raise AssertionError(message_of(failed))

    def verdict(self) -> Sequence[FindingView]:
        """What the client did wrong, by what it asked and how it took faults; nothing: it did well."""
        return self.admin.verdict(self.name)

    # ---- its end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if not self._shares:
            self.admin.close()

    def reset(self) -> None:
        """Forget what was asked and how often turns have answered; stubs stay."""
        self.admin.reset(self.name)

    def close(self) -> None:
        """Forget the session, and close the clients that it gave out."""
        if self._is_created:
            self.admin.drop(self._named)
        self.close_clients()

    def end_later(self, whose: str = "") -> None:
        """As `close`, but the server hears of it with the next session that is made, and tells whoever still asks.

        `whose` it was is said where that happens.
        """
        if self._is_created:
            self._over.add(self._named, whose)
            self._left.append(self._named)
        self.close_clients()

    def end_pending(self) -> None:
        """Let the server forget all that were left."""
        for name in dict.fromkeys([*self._drain(), *self._over.owner]):
            self.admin.drop(name)


def _moment(clock: str | datetime | None) -> str | None:
    return clock.isoformat() if isinstance(clock, datetime) else clock
