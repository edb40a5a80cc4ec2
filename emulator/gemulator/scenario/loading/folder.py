"""Scenario folder: scenario files, include files and media files."""

from collections.abc import Iterator
from pathlib import Path

from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import LARGEST_FILE, text_of_file

_SUFFIXES = {".yaml", ".yml"}


class Folder:
    """A path given to `--scenarios`: a folder, or one file and its folder. Files outside are refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent if path.is_file() else path
        self.included: set[Path] = set()
        self._contents: dict[Path, bytes] = {}
        self._texts: dict[Path, str] = {}

    def scenarios(self) -> Iterator[tuple[str, Path]]:
        """Yield names and files of the scenarios in name order."""
        if self.path.is_file():
            yield self.path.stem, self.path
            return
        for file in self._files():
            relative = file.relative_to(self.path)
            if not any(part[0] in "_." for part in relative.parts):
                yield _name(relative, file), file

    def include_files(self) -> Iterator[Path]:
        """Yield the YAML files that scenarios may include: their names begin with `_`."""
        return (file for file in self._files() if file.name.startswith("_"))

    def _files(self) -> Iterator[Path]:
        if not self.root.is_dir():
            remedy = "Set --scenarios to a folder of scenario files."
            raise ScenarioError([Problem(self.path, 1, 1, "", "no such file or folder", remedy)])
        return (file for file in sorted(self.root.rglob("*")) if file.suffix in _SUFFIXES and file.is_file())

    def scenario(self, file: Path) -> str:
        """Return the text of a scenario. Raises ScenarioError if it is unreadable or a link out of the folder."""
        if file != self.path and not self._contains(file):
            remedy = "Copy the file into the folder, or add its own folder with --scenarios."
            raise ScenarioError(
                [Problem(file, 1, 1, "", f"this link points outside the scenario folder {self.root}", remedy)]
            )
        return text_of_file(file)

    def text(self, name: str, beside: Path) -> tuple[Path, str]:
        """Return path and text of an include file. Raises ValueError if it cannot be read."""
        file = self._resolve(name, beside)
        self.included.add(file.resolve())
        try:
            if file not in self._texts:
                self._texts[file] = text_of_file(file)
        except ScenarioError as error:
            raise ValueError(f"`{name}`: {error.problems[0].message}") from None
        return file, self._texts[file]

    def content(self, name: str, beside: Path) -> bytes:
        """Return the bytes of a file. Raises ValueError if it cannot be read."""
        file = self._resolve(name, beside)
        if file not in self._contents:
            try:
                if file.stat().st_size > LARGEST_FILE:
                    raise ValueError(f"`{name}` is larger than {LARGEST_FILE:,} bytes: use a smaller file")
                self._contents[file] = file.read_bytes()
            except OSError as error:
                raise ValueError(f"`{name}` cannot be read: {error.strerror}") from None
        return self._contents[file]

    def _contains(self, file: Path) -> bool:
        """Return True if the file is in the folder once links are resolved."""
        return file.resolve().is_relative_to(self.root.resolve())

    def _resolve(self, name: str, beside: Path) -> Path:
        try:
            file = beside.parent / name
            contained = self._contains(file)
            exists = contained and file.is_file()
        except (OSError, ValueError, RuntimeError):
            raise ValueError(f"`{name}` is not a valid file name") from None
        if not contained:
            raise ValueError(f"`{name}` is outside the scenario folder {self.root}")
        if not exists:
            raise ValueError(f"file `{name}` not found in the folder of {beside.name}")
        return file


def _name(relative: Path, file: Path) -> str:
    """Return the name of a scenario. Raises ScenarioError if it is no text, which JSON could not hold."""
    name = relative.with_suffix("").as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        remedy = "Rename it: the name of the file is the name of the scenario."
        problem = Problem(_printable(file), 1, 1, "", "the file name is not UTF-8", remedy)
        raise ScenarioError([problem]) from None
    return name


def _printable(file: Path) -> Path:
    return Path(str(file).encode("utf-8", "backslashreplace").decode())
