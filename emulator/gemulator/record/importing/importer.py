"""Import of one file of another tool as a recording."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from gemulator.core.errors import ScenarioError
from gemulator.record.importing.archives import (
    json_lines_of,
    read_cassette,
    read_har,
    read_journal_lines,
    yaml_cassette,
)
from gemulator.record.importing.capture import UNKNOWN_REQUEST, Capture, collect
from gemulator.record.importing.fixtures import ImportedTurn, read_fixtures
from gemulator.record.importing.transcripts import is_curl_output, read_curl, read_events
from gemulator.record.recording import Lost, Recording, RecordingBuilder
from gemulator.record.recording_folder import file_stem
from gemulator.record.replay import Replayer
from gemulator.record.yaml_text import scenario_text

Found = Capture | ImportedTurn | Lost
_FORMATS = (
    "an HTTP archive, the output of `curl -iN`, a file of events (.sse), a cassette of vcrpy, the lines of"
    " `gemulator journal --json`, or fixtures of aimock"
)


class Importer:
    """Makes a recording of each file."""

    def __init__(self, builder: RecordingBuilder, replayer: Replayer) -> None:
        self._builder = builder
        self._replayer = replayer

    def read(self, file: Path, request: Path | None = None) -> Recording:
        """Return the recording of a file; `request` has the body of the request of a transcript."""
        found = list(_read(file, request))
        description = f"Imported from {file.name}."
        if any(isinstance(one, ImportedTurn) for one in found):
            return self._turns(found, description)
        captures = collect([one for one in found if not isinstance(one, ImportedTurn)])
        recording = self._builder.build(captures.exchanges, file_stem(file.stem), description)
        todo = [
            Lost(one.source, "no request is known: complete the `when` that begins with TODO, or add --request")
            for one in captures.exchanges
            if UNKNOWN_REQUEST.encode() in one.body
        ]
        return Recording(
            recording.text,
            recording.files,
            recording.turns,
            recording.literal,
            (*captures.lost, *recording.lost, *todo),
        )

    def _turns(self, found: Iterable[Found], description: str) -> Recording:
        turns: list[dict[str, Any]] = []
        lost: list[Lost] = []
        for one in found:
            if isinstance(one, Lost):
                lost.append(one)
            elif isinstance(one, ImportedTurn):
                text = scenario_text({"turns": [one.fields]})
                try:
                    self._replayer.read(text, {})
                except ScenarioError as error:
                    lost.append(Lost(one.source, error.problems[0].message))
                    continue
                turns.append(dict(one.fields))
                if one.incomplete:
                    lost.append(Lost(one.source, f"{', '.join(one.incomplete)} is not in the turn: nothing is like it"))
        text = scenario_text({"description": description, "turns": turns}) if turns else ""
        return Recording(text, {}, len(turns), (), lost)


def _read(file: Path, request: Path | None) -> Iterator[Found]:
    data, name = file.read_bytes(), str(file)
    if is_curl_output(data) or file.suffix == ".sse":
        read = read_curl if is_curl_output(data) else read_events
        try:
            yield read(data, f"{name}:1", _request_of(file, request))
        except ValueError as error:
            yield Lost(f"{name}:1", str(error))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Lost(f"{name}:{line}", "the file is not valid UTF-8: save it as UTF-8")
        return
    yield from _read_text(text, name)


def _request_of(file: Path, request: Path | None) -> bytes | None:
    """Return the body of the request that belongs to a transcript, None if there is none."""
    beside = file.with_name(f"{file.stem}.request.json")
    if request is not None:
        return request.read_bytes()
    return beside.read_bytes() if beside.is_file() else None


def _read_text(text: str, name: str) -> Iterator[Found]:
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError:
        yield from _read_lines(text, name)
        return
    if isinstance(tree, dict) and isinstance(tree.get("log"), dict):
        yield from read_har(tree, name, text)
    elif isinstance(tree, dict) and isinstance(tree.get("interactions"), list):
        yield from read_cassette(tree, name, json_lines_of(text))
    elif isinstance(tree, dict) and isinstance(tree.get("fixtures"), list):
        yield from read_fixtures(tree, name, text)
    else:
        yield from _read_lines(text, name)


def _read_lines(text: str, name: str) -> Iterator[Found]:
    """Yield the exchanges of JSON lines or of a cassette in YAML."""
    if text.lstrip().startswith("{"):
        yield from read_journal_lines(text, name)
        return
    try:
        tree, lines = yaml_cassette(text)
    except ValueError as error:
        yield Lost(f"{name}:1", f"{error}; what can be imported is {_FORMATS}")
        return
    if isinstance(tree, dict) and isinstance(tree.get("interactions"), list):
        yield from read_cassette(tree, name, lines)
    else:
        yield Lost(f"{name}:1", f"the format is not known: what can be imported is {_FORMATS}")
