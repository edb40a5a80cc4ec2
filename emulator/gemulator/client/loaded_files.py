"""The scenario files that a session has loaded, and the names under which they answer."""

from collections.abc import Iterator
from pathlib import Path

from gemulator.client.stubs import NAME, dump
from gemulator.state.store import PushedScenario


class Loaded:
    """Files by the names of their scenarios: no two have the same, and none that of the stubs."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    def read(self, path: Path) -> PushedScenario:
        """The scenario at a path, with all that it takes from its folder. ScenarioError where it is wrong."""
        from gemulator.core.located_yaml import text_of_file
        from gemulator.scenario.loading.bundle import bundle
        from gemulator.scenario.loading.folder import Folder
        from gemulator.scenario.loading.reader import read_scenario

        folder = Folder(path)
        text = text_of_file(path)
        wanted = read_scenario(text, path, path.stem, folder).name
        name = self._called(wanted, path.resolve())
        if name != wanted or "include" in text or "file" in text:
            text = dump({**bundle(text, path, folder), "name": name})
        return PushedScenario(name, text)

    def _called(self, wanted: str, file: Path) -> str:
        """The name that the scenario has; a longer one where stubs or another file have it already."""
        free = (name for name in (wanted, *_longer(file)) if name != NAME and self._files.get(name, file) == file)
        name = next(free)
        self._files[name] = file
        return name


def _longer(file: Path) -> Iterator[str]:
    """`folder/weather.yaml`, and so on up to the root."""
    parts = file.parts
    return ("/".join(parts[start:]) for start in range(len(parts) - 2, -1, -1))
