"""Recordings that tests name in the marker: replay, and writing on demand."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gemulator.client.embedded import Emulator
from gemulator.client.options import FilePath
from gemulator.client.pytest_plugin.options import RECORD_MODES, fail
from gemulator.client.pytest_plugin.remote import RemoteEmulator
from gemulator.core.errors import ScenarioError
from gemulator.core.setting_error import SettingError

SERVER_SETTINGS: pytest.StashKey[Mapping[str, Any]] = pytest.StashKey()  # those of the server of the run
_LOCK_TIMEOUT = 3600.0  # seconds; a test that shares the file may run as long
_TURNS = "turns:\n"


class Cassette(NamedTuple):
    """Server of a test, the recording that answers, and the name of the session if it is recorded."""

    server: Emulator | RemoteEmulator
    file: Path | None = None
    session: str | None = None


def record_mode(config: pytest.Config) -> str:
    """Return the mode of --gemulator-record, `none` without it. Raise a pytest failure for another one."""
    mode = config.getoption("--gemulator-record") or "none"
    if mode not in RECORD_MODES:
        raise fail(f"--gemulator-record: expected {', '.join(RECORD_MODES)}, not {mode!r}")
    return str(mode)


@contextmanager
def open_cassette(
    request: pytest.FixtureRequest, server: Emulator | RemoteEmulator, name: FilePath | None
) -> Iterator[Cassette]:
    """Yield the server of a test with the recording `name`: if the run records, one that forwards."""
    mode = record_mode(request.config)
    if name is None:
        yield Cassette(server)
        return
    file: Path = request.node.path.parent / name
    if mode != "none":
        with _recording(request, server, file, mode) as cassette:
            yield cassette
        return
    if not file.is_file():
        raise fail(f"gemulator: no recording {file}. Record it: pytest --gemulator-record=missing")
    yield Cassette(server, file)


@contextmanager
def _recording(
    request: pytest.FixtureRequest, server: Emulator | RemoteEmulator, file: Path, mode: str
) -> Iterator[Cassette]:
    """Yield a server that forwards and records; add what it has recorded to `file` at the end."""
    if isinstance(server, RemoteEmulator):
        raise fail("--gemulator-record needs the server of the fixture: remove --gemulator-url")
    run = _run_folder(request)
    key = sha256(os.fsencode(file.resolve())).hexdigest()[:16]
    written = run / f"{key}.written"
    with _locked(run / f"{key}.lock"), tempfile.TemporaryDirectory(dir=run) as folder:
        anew = mode == "all" and not written.exists()  # tests that share a file add to what the first one wrote
        recorder = _start(request.config, Path(folder))
        try:
            yield Cassette(recorder, None if anew or not file.is_file() else file, file.stem)
        finally:
            recorder.close()
            _add(Path(folder), file, anew=anew)
            written.touch()


def _run_folder(request: pytest.FixtureRequest) -> Path:
    """Return a folder that all processes of this run have in common."""
    base: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock among processes. A database is one on all systems, and ends with its process."""
    with closing(sqlite3.connect(file, timeout=_LOCK_TIMEOUT, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _start(config: pytest.Config, folder: Path) -> Emulator:
    settings = config.stash[SERVER_SETTINGS]
    if settings.get("upstream") is None:
        raise fail(
            "--gemulator-record needs a server to ask: add --gemulator-upstream vertex (or openai=URL), the ini option"
            " gemulator_upstream or `upstream` in the fixture gemulator_settings"
        )
    try:
        return Emulator.of_pytest(**{**settings, "record": folder, "record_mode": "all"}).start()
    except SettingError as error:
        raise fail(f"--gemulator-record: {error}") from None


def _add(folder: Path, file: Path, *, anew: bool) -> None:
    """Add the turns of new recordings to `file`, after those that it has; `anew` drops these."""
    from gemulator.record.recording import Recording
    from gemulator.record.recording_folder import write_recording

    old = "" if anew or not file.is_file() else file.read_text(encoding="utf-8")
    text = old
    for one in sorted(folder.glob("*.yaml")):
        new = one.read_text(encoding="utf-8")
        text = f"{text.rstrip()}\n\n{new.partition(_TURNS)[2]}" if text else new
    if text == old:
        return
    beside = {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix != ".yaml"}
    target = file if _is_joined(text, file) else file.with_name(f"{file.stem}.new.yaml")
    write_recording(Recording(text if target == file else new, beside, 1), target)
    if target != file:
        raise fail(
            f"gemulator: the new turns could not be added to {file}: `turns` must be its last key, a list indented by"
            f" two spaces. They are in {target}: move them."
        )


def _is_joined(text: str, file: Path) -> bool:
    """Return True if the text is a valid scenario."""
    from gemulator.core import located_yaml

    try:
        found = located_yaml.read(text, file)
    except ScenarioError:
        return False
    return not found.problems and isinstance(found.data, dict) and isinstance(found.data.get("turns"), list)
