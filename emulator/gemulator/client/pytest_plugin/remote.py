"""A server that runs already, with the options of a pytest project."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Unpack, cast

from gemulator.client.admin import AdminError
from gemulator.client.default_session import DefaultSessionMixin
from gemulator.client.options import SessionOptions
from gemulator.client.pytest_plugin.options import PytestOptions, fail
from gemulator.client.session import Session
from gemulator.core.urls import redact_url
from gemulator.scenario.loading.folder import Folder

_API_PATH = re.compile(r"(?<!/)/++(v1(beta1)?(/.*)?)?$")  # removed, so that an OPENAI_BASE_URL is accepted as well
_FOREIGN = "Pass the URL of gemulator with --gemulator-url, gemulator_url or GEMULATOR_URL."


class RemoteEmulator(DefaultSessionMixin):
    """The server at `url`. Raise a pytest failure if none answers there, ScenarioError for a broken scenario."""

    def __init__(self, url: str, options: PytestOptions, scenarios: Sequence[Path]) -> None:
        self._default_session = Session(_API_PATH.sub("", url), key=os.environ.get("GEMULATOR_ADMIN_KEY"))
        self._options = options
        self._files = [file for path in scenarios for _, file in Folder(path).scenarios()]
        try:
            self.admin.sessions()
        except AdminError as error:
            remedy = _FOREIGN if error.code == "foreign" else error.remedy
            raise fail(f"{error.message}\n{remedy}") from None

    def __repr__(self) -> str:
        return f"<RemoteEmulator at {redact_url(self.url)}>"

    @property
    def default_session(self) -> Session:
        """The session of clients that select no other. It has the server's settings, not the project's."""
        return self._default_session

    def session(self, name: str | None = None, **settings: Unpack[SessionOptions]) -> Session:
        """Return another session of the same emulator. Omitted settings are the project's."""
        given = {key: value for key, value in settings.items() if value is not None}
        merged = cast(SessionOptions, {**self._options.session_options(), **given})
        created = self.default_session.session(name, **merged)
        for file in reversed(self._files):
            created.load(file)
        created.share_loaded()
        return created

    def close(self) -> None:
        """Delete all ended sessions on the server and close the connections."""
        with suppress(AdminError):  # the server has gone, and its sessions with it
            self.end_pending()
        self.admin.close()
