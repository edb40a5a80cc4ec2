"""Methods and properties of a session for classes that have one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from gemulator.client.admin import Admin
from gemulator.client.checks import SessionChecks
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.session import Session
from gemulator.client.urls import EmulatorUrls

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _delegate(method: Callable[Concatenate[Session, _P], _R]) -> Callable[Concatenate["DefaultSessionMixin", _P], _R]:
    """Return a method that calls `method` of the default session."""

    @wraps(method)
    def delegated(self: "DefaultSessionMixin", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        __tracebackhide__ = True
        return method(self.default_session, *args, **kwargs)

    return delegated


class DefaultSessionMixin(ABC):
    """Has the methods and properties of `default_session`."""

    @property
    @abstractmethod
    def default_session(self) -> Session:
        """The session of clients that select no other."""

    session = _delegate(Session.session)
    endpoint_url = _delegate(Session.endpoint_url)
    openai = _delegate(Session.openai)
    async_openai = _delegate(Session.async_openai)
    when = _delegate(Session.when)
    load = _delegate(Session.load)
    to_yaml = _delegate(Session.to_yaml)
    assert_called = _delegate(Session.assert_called)
    assert_all_used = _delegate(Session.assert_all_used)
    assert_all_matched = _delegate(Session.assert_all_matched)
    assert_done = _delegate(Session.assert_done)
    verdict = _delegate(Session.verdict)
    reset = _delegate(Session.reset)
    chaos = _delegate(Session.chaos)
    set_counter = _delegate(Session.set_counter)
    reset_counters = _delegate(Session.reset_counters)
    end_pending = _delegate(Session.end_pending)

    @property
    def name(self) -> str:
        """The name of the default session."""
        return self.default_session.name

    @property
    def token(self) -> str:
        """An API key that selects the default session."""
        return self.default_session.token

    @property
    def urls(self) -> EmulatorUrls:
        """The URLs of the emulator."""
        return self.default_session.urls

    @property
    def url(self) -> str:
        """The origin of the emulator, like `http://127.0.0.1:8089`."""
        return self.default_session.url

    @property
    def base_url(self) -> str:
        """The base URL for Gemini and partner models; the SDK appends `/chat/completions`."""
        return self.default_session.base_url

    @property
    def admin(self) -> Admin:
        """The admin API."""
        return self.default_session.admin

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that point unmodified code at the default session."""
        return self.default_session.env

    @property
    def seed(self) -> str | None:
        """The seed of the default session; None if it is the server's."""
        return self.default_session.seed

    @seed.setter
    def seed(self, value: str | int) -> None:
        self.default_session.seed = value

    @property
    def clock(self) -> str | None:
        """The time at which the clock of the default session is frozen; None if it is the server's."""
        return self.default_session.clock

    @clock.setter
    def clock(self, value: str | datetime) -> None:
        self.default_session.clock = value

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """The requests in the default session so far, in order."""
        return self.default_session.requests

    @property
    def last(self) -> RecordedRequest:
        """The newest request in the default session. Raise AssertionError if there is none."""
        __tracebackhide__ = True
        return self.default_session.last

    @property
    def checks(self) -> SessionChecks:
        """The checks of the default session."""
        return self.default_session.checks
