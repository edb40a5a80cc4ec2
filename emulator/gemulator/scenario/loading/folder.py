"""A folder of scenario files: which of its files are scenarios, and what those may read of the others."""

from collections.abc import Iterator
from pathlib import Path

from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import text_of_file

_SUFFIXES = {".yaml", ".yml"}
_LARGEST = 20_000_000  # bytes of a file that is sent: a request may not be larger either


class Folder:
    """What `--scenarios` names: a folder, or one file in its folder. No path leads out of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent if path.is_file() else path
        self.included: set[Path] = set()
        self._contents: dict[Path, bytes] = {}

    def scenarios(self) -> Iterator[tuple[str, Path]]:
        """Names and files of the scenarios, in name order."""
        if self.path.is_file():
            yield self.path.stem, self.path
            return
        for file in self._files():
            inside = file.relative_to(self.path)
            if not any(part[0] in "_." for part in inside.parts):
                yield inside.with_suffix("").as_posix(), file

    def pieces(self) -> Iterator[Path]:
        """The YAML files whose names begin with `_`: scenarios may include them."""
        return (file for file in self._files() if file.name.startswith("_"))

    def _files(self) -> Iterator[Path]:
        if not self.root.is_dir():
            remedy = "Name a folder of scenario files with --scenarios."
            raise ScenarioError([Problem(self.path, 1, 1, "", "no such file or folder", remedy)])
        return (file for file in sorted(self.root.rglob("*")) if file.suffix in _SUFFIXES and file.is_file())

    def scenario(self, file: Path) -> str:
        """The text of a scenario. ScenarioError where it cannot be read, or is a link that leads out of the folder."""
        if file != self.path and not self._holds(file):
            remedy = "Copy the file into the folder, or name its own folder with --scenarios, too."
            raise ScenarioError([Problem(file, 1, 1, "", f"the link leads out of the folder {self.root}", remedy)])
        return text_of_file(file)

    def text(self, name: str, beside: Path) -> tuple[Path, str]:
        """The path and the text of a piece. ValueError says why it cannot be had."""
        file = self._inside(name, beside)
        self.included.add(file.resolve())
        try:
            return file, text_of_file(file)
        except ScenarioError as error:
            raise ValueError(f"`{name}`: {error.problems[0].message}") from None

    def content(self, name: str, beside: Path) -> bytes:
        """The bytes of a file. ValueError says why they cannot be had."""
        file = self._inside(name, beside)
        if file not in self._contents:
            if file.stat().st_size > _LARGEST:
                raise ValueError(f"`{name}` is larger than {_LARGEST:,} bytes")
            self._contents[file] = file.read_bytes()
        return self._contents[file]

    def _holds(self, file: Path) -> bool:
        """Whether a file is inside; links are followed before that is asked."""
        return file.resolve().is_relative_to(self.root.resolve())

    def _inside(self, name: str, beside: Path) -> Path:
        try:
            file = beside.parent / name
            inside = self._holds(file)
            there = inside and file.is_file()
        except (OSError, ValueError, RuntimeError):
            raise ValueError(f"`{name}` is no name of a file") from None
        if not inside:
            raise ValueError(f"`{name}` is outside of the scenario folder {self.root}")
        if not there:
            raise ValueError(f"there is no file `{name}` beside {beside.name}")
        return file
