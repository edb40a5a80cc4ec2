"""Scenario files loaded by a session, under unique names."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gemulator.client.stubs import NAME, dump
from gemulator.state.store import PushedScenario

if TYPE_CHECKING:
    from gemulator.scenario.model import Scenario


class LoadedFiles:
    """Loaded files by scenario name. Names are unique and differ from that of the stubs."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    def read(self, path: Path) -> PushedScenario:
        """Return the scenario at a path with its includes and files bundled. Raise ScenarioError if it is invalid."""
        from gemulator.core.located_yaml import text_of_file
        from gemulator.scenario.loading.bundle import bundle
        from gemulator.scenario.loading.folder import Folder
        from gemulator.scenario.loading.reader import read_scenario

        folder = Folder(path)
        text = text_of_file(path)
        scenario = read_scenario(text, path, path.stem, folder)
        own_name = scenario.name
        if sum(not turn.conditional for turn in scenario.turns) > 1:
            _warn_of_hidden_turns(scenario)
        name = self._unique_name(own_name, path.resolve())
        if name != own_name or "include" in text or "file" in text or ".sse" in text:
            text = dump({**bundle(text, path, folder), "name": name})
        return PushedScenario(name, text)

    def _unique_name(self, own_name: str, file: Path) -> str:
        """Return the scenario's name, prefixed with folders if stubs or another file have that name."""
        free = (
            name for name in (own_name, *_longer_names(file)) if name != NAME and self._files.get(name, file) == file
        )
        name = next(free)
        self._files[name] = file
        return name


def _warn_of_hidden_turns(scenario: "Scenario") -> None:
    from gemulator.scenario.authoring.lint import unreachable_turns
    from gemulator.scenario.library import Library

    for problem in unreachable_turns(Library([scenario]).located_turns):
        warnings.warn(str(problem), stacklevel=4)


def _longer_names(file: Path) -> Iterator[str]:
    """Yield `folder/weather.yaml` and so on up to the root."""
    parts = file.parts
    return ("/".join(parts[start:]) for start in range(len(parts) - 2, -1, -1))
