"""A session of a running emulator."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Never, Self, Unpack

from gemulator.client.admin import Admin, AdminError
from gemulator.client.checks import FailedCheck, SessionChecks, message_of
from gemulator.client.conditions import MatchConditions, conditions_as_dict
from gemulator.client.lazy_session import LazySession
from gemulator.client.loaded_files import LoadedFiles
from gemulator.client.options import ChaosOptions, SessionOptions, as_setting, session_settings
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.sdk_clients import SdkClients
from gemulator.client.server_handle import ServerHandle
from gemulator.client.stubs import NAME, Stub, Stubs, conditions_error
from gemulator.client.urls import EmulatorUrls
from gemulator.client.wrong_calls import positional_error
from gemulator.core.errors import ScenarioError
from gemulator.core.urls import redact_url
from gemulator.state.journal.json_views import FindingView

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


class Session:
    """A session of the emulator at `url`, isolated from others: `Session("http://127.0.0.1:8089")`.

    `token` is the API key that selects the session; `key` is the server's --admin-key.
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
        server = ServerHandle(EmulatorUrls(url, project, location), lambda: Admin(url, key))
        self._set_up(LazySession(server, name, token))
        self._owns_server = True

    @classmethod
    def of(cls, state: LazySession) -> Self:
        """Create a session that shares the server handle of `state`."""
        session = cls.__new__(cls)
        session._set_up(state)
        session._owns_server = False
        return session

    def _set_up(self, state: LazySession) -> None:
        self._state = state
        self._stubs = Stubs(partial(state.push, name=NAME), partial(state.entries, scenario=NAME), state.answers)
        self._loaded = LoadedFiles()
        self._shared: Sequence[str] = ()  # names of loaded scenarios that other sessions have as well
        self.folders: Sequence[Path] = ()  # searched by `load` for a relative path, before the working directory
        self.clients = SdkClients(state.server.urls, lambda: state.create()[1])

    def session(self, name: str | None = None, **settings: Unpack[SessionOptions]) -> "Session":
        """Return another session of the same emulator; a new one if no name is given."""
        created = Session.of(LazySession(self._state.server, name, settings={**session_settings(settings)}))
        created.folders = self.folders
        return created

    def __repr__(self) -> str:
        name = self._state.known_name
        return f"<Session {'not yet created' if name is None else repr(name)} at {redact_url(self.url)}>"

    @property
    def name(self) -> str:
        """The name of the session on the server."""
        return self._state.create()[0]

    @property
    def token(self) -> str:
        """The API key that selects the session."""
        return self._state.create()[1]

    # ---- server and clients

    @property
    def urls(self) -> EmulatorUrls:
        """The URLs of the emulator."""
        return self._state.server.urls

    @property
    def url(self) -> str:
        """The origin of the emulator, like `http://127.0.0.1:8089`."""
        return self.urls.url

    @property
    def base_url(self) -> str:
        """The base URL for Gemini and partner models; the SDK appends `/chat/completions`."""
        return self.urls.base_url

    def endpoint_url(self, endpoint: str, location: str = "us-central1") -> str:
        """Return the base URL for a self-deployed model."""
        return self.urls.endpoint_url(endpoint, location)

    @property
    def admin(self) -> Admin:
        """The admin API."""
        return self._state.server.admin

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that point unmodified code at the session. `NO_PROXY` exempts the emulator from proxies."""
        return self.clients.env

    def openai(self, /, **options: Any) -> "OpenAI":
        """Create an OpenAI SDK client in this session; `options` go to the SDK."""
        return self.clients.openai(**options)

    def async_openai(self, /, **options: Any) -> "AsyncOpenAI":
        """Create an async client. It need not be closed: connections are not kept alive."""
        return self.clients.async_openai(**options)

    # ---- answers

    def when(self, *wrong: Never, **conditions: Unpack[MatchConditions]) -> Stub:
        """Create a stub: `when(user="weather").reply("It rains.")`. The first stub that matches answers."""
        __tracebackhide__ = True
        if wrong:
            raise positional_error("when", "conditions", wrong, "user")
        return self._stubs.when(conditions)

    def load(self, file: str | Path) -> None:
        """Load a scenario file. It answers after stubs and before files loaded earlier. Raise ScenarioError."""
        __tracebackhide__ = True
        try:
            loaded = self._loaded.read(self._resolve(file))
        except ScenarioError as error:
            raise ScenarioError(error.problems) from None  # hides the frames of the reader
        self._state.push(loaded.text, loaded.name)
        self._stubs.publish()

    def _resolve(self, file: str | Path) -> Path:
        return next((found for folder in self.folders if (found := folder / file).is_file()), Path(file))

    def share_loaded(self) -> None:
        """Mark the scenarios loaded so far as shared: their unused `times` fail only sessions that used them."""
        self._shared = tuple(self._state.scenarios)

    def to_yaml(self) -> str:
        """Return the stubs as a scenario file."""
        return self._stubs.to_yaml()

    @property
    def seed(self) -> str | None:
        """The seed of all generated words; None if it is the server's."""
        return self._state.settings.get("seed")

    @seed.setter
    def seed(self, value: str | int) -> None:
        self._state.configure(seed=as_setting(value))

    @property
    def clock(self) -> str | None:
        """The time at which the session's clock is frozen; None if it is the server's."""
        return self._state.settings.get("clock")

    @clock.setter
    def clock(self, value: str | datetime) -> None:
        self._state.configure(clock=as_setting(value) or "real")

    # ---- requests

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """The requests so far, in order. Raise AssertionError if the journal has not all of them any more."""
        __tracebackhide__ = True
        return [RecordedRequest(entry) for entry in self._state.entries()]

    @property
    def last(self) -> RecordedRequest:
        """The newest request. Raise AssertionError if there is none, or if a newer one may be missing."""
        __tracebackhide__ = True
        return RecordedRequest(self._state.last())

    @property
    def checks(self) -> SessionChecks:
        """The checks behind the assertions below."""
        state = self._state
        return SessionChecks(self.admin, self.name, state.scenarios, self._shared, state.server.ended, self._stubs)

    def assert_called(
        self,
        times: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        refused: bool = False,
        **conditions: Unpack[MatchConditions],
    ) -> None:
        """Assert that matching requests came `times` times; without bounds, at least once.

        Requests that the service refused count only with `refused`.
        """
        __tracebackhide__ = True
        if not isinstance(times, int | None):
            raise positional_error("assert_called", "conditions", [times], "user")
        when = conditions_as_dict(conditions)
        bounds = {"count": times, "at_least": at_least, "at_most": at_most}
        given: dict[str, Any] = {key: value for key, value in bounds.items() if value is not None}
        given |= {"refused": True} if refused else {}
        try:
            self.checks.verify(entries=[{"when": when, **given}])
        except AdminError as error:
            if error.code != "invalid_body":
                raise
            wrong = error.message.removeprefix("entries[0]").lstrip(".: ")
            raise (conditions_error(when, "assert_called") or ValueError(f"assert_called: {wrong}")) from None

    def assert_all_used(self) -> None:
        """Assert that every stub has answered and every `times` is used up."""
        __tracebackhide__ = True
        stubs = [{"scenario": NAME, "turn": number + 1} for number in range(len(self._stubs.turns))]
        failed = [*self.checks.failed(entries=stubs, times_used=True)]
        incomplete = [*self._stubs.incomplete()]
        if failed or incomplete:
            raise AssertionError(message_of([*failed, FailedCheck("entries", self.checks.redact(incomplete))]))

    def assert_all_matched(self) -> None:
        """Assert that every request matched a turn."""
        __tracebackhide__ = True
        self.checks.verify(none_unmatched=True)

    def assert_done(self) -> None:
        """Assert what the pytest fixture checks after each test: no request was refused because it matched no turn,
        and every `times` is used up. Generated answers pass."""
        __tracebackhide__ = True
        failed = self.checks.failed_at_end()
        if failed:
            raise AssertionError(message_of(failed))

    def verdict(self, *, strictness: str | None = None) -> Sequence[FindingView]:
        """Return mistakes of the client, found in its requests and its handling of faults."""
        return self.admin.verdict(self.name, strictness=strictness)

    # ---- end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._owns_server:
            self._state.server.close()

    def reset(self) -> None:
        """Clear the journal and the counters of turns; stubs stay."""
        self.admin.reset(self.name)

    def chaos(self, **chaos: Unpack[ChaosOptions]) -> None:
        """Replace faults, pacing, quota and error of all answers; without options they are off."""
        self.admin.chaos(session=self.name, **chaos)

    def set_counter(self, turn: str, used: int = 0) -> None:
        """Set the number of answers that a turn with `times`, like `weather/2`, has given."""
        self.admin.set_counter(self.name, turn, used)

    def reset_counters(self) -> None:
        """Reset the counters of all turns; the journal stays."""
        self.admin.reset_counters(self.name)

    def close(self) -> None:
        """Delete the session on the server and close the SDK clients created by it."""
        self._state.drop()
        self.clients.close()

    def end_later(self, owner: str = "") -> None:
        """Like `close`, but late clients get a 400.

        `owner` is named in the report of a late request.
        """
        self._state.end_later(owner)
        self.clients.close()

    def end_pending(self) -> None:
        """Delete all ended sessions of this server."""
        self._state.server.ended.drop_all(self.admin)
