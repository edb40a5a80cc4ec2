"""A server that runs already, for the tests of a project: what another would be started with, each session has."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gemulator.client.admin import AdminError
from gemulator.client.pytest_plugin.options import PytestOptions, fail
from gemulator.client.session import Session
from gemulator.core.settings import UnmatchedMode
from gemulator.scenario.loading.folder import Folder

_BELOW = re.compile(r"/+(v1(beta1)?(/.*)?)?$")  # of what is pasted: an OPENAI_BASE_URL leads to the server too

_FOREIGN = "Name the right server with --gemulator-url, gemulator_url or GEMULATOR_URL."


class RemoteEmulator(Session):
    """The server at `url`. Fails as `failure` says where it is none, once for all tests. ScenarioError."""

    def __init__(self, url: str, wanted: PytestOptions, scenarios: Sequence[Path]) -> None:
        super().__init__(_BELOW.sub("", url), key=os.environ.get("GEMULATOR_ADMIN_KEY"))
        self._wanted = wanted
        self._files = [file for path in scenarios for _, file in Folder(path).scenarios()]
        try:
            self.admin.sessions()
        except AdminError as error:
            remedy = _FOREIGN if error.code == "foreign" else error.remedy
            raise fail(f"{error.message}\n{remedy}") from None

    def session(
        self,
        name: str | None = None,
        *,
        seed: str | int | None = None,
        clock: str | datetime | None = None,
        unmatched: UnmatchedMode | None = None,
    ) -> Session:
        """Another session of the same emulator. What is left out is as the project says."""
        usual = self._wanted
        made = super().session(
            name,
            seed=usual.seed if seed is None else seed,
            clock=clock or usual.clock,
            unmatched=unmatched or usual.unmatched,
        )
        for file in reversed(self._files):
            made.load(file)
        made.share_loaded()
        return made

    def close(self) -> None:
        """Let it forget all sessions of these tests."""
        with suppress(AdminError):  # it is gone, and they with it
            self.end_pending()
        self.admin.close()
