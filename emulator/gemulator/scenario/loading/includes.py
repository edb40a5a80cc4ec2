"""Resolution of `include:`, with the source position of each value."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError

INCLUDE = "include"

# Values of these keys are the user's data: an `include` in them is not resolved.
USER_KEYS = frozenset({"with", "json", "details", "body", "events", "header", "usage"})
_MAX_DEPTH = 8  # of nested includes
_MAX_INCLUDES = 1000  # in one scenario


class Files(Protocol):
    """Access to the files of a scenario folder. Methods raise ValueError if a file cannot be read."""

    def text(self, name: str, beside: Path) -> tuple[Path, str]:
        """Return path and text of a file whose name is relative to the file `beside`."""
        ...

    def content(self, name: str, beside: Path) -> bytes:
        """Return the bytes of a file whose name is relative to the file `beside`."""
        ...


class IncludeResolver:
    """A document with its includes resolved: `data`, `problems`, and the source position of each path."""

    def __init__(self, document: yaml.Document, files: Files | None) -> None:
        self._origins: dict[yaml.YamlPath, tuple[yaml.Document, yaml.YamlPath]] = {(): (document, ())}
        self._files = files
        self._open: list[Path] = [document.file]
        self._count = self._size = 0
        self._pieces: dict[Path, yaml.Document] = {}
        self.problems: list[Problem] = list(document.problems)
        self.data = self._resolve(document.data, (), document, ()) if INCLUDE in document.text else document.data

    def close(self) -> None:
        """Forget the positions of all documents."""
        for document, _ in self._origins.values():
            document.close()

    def position(self, path: yaml.YamlPath, *, key: bool = False) -> tuple[Path, int, int]:
        """Return file, line and column of the value at a path, or of its key."""
        known = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in self._origins)
        document, inner = self._origins[known]
        return document.file, *document.position((*inner, *path[len(known) :]), key=key)

    def _resolve(self, value: Any, path: yaml.YamlPath, document: yaml.Document, at: yaml.YamlPath) -> Any:
        if isinstance(value, list):
            return self._resolve_items(value, path, document, at)
        if not isinstance(value, dict):
            return value
        if value.keys() == {INCLUDE}:
            return self._insert(self._read_include(value[INCLUDE], document, at), path, ())
        self._grow(len(value), document)
        return {
            key: item if key in USER_KEYS else self._resolve(item, (*path, key), document, (*at, key))
            for key, item in value.items()
        }

    def _resolve_items(
        self, items: Sequence[Any], path: yaml.YamlPath, document: yaml.Document, at: yaml.YamlPath
    ) -> list[Any]:
        """Resolve the items of a list; the items of an included list are spliced in."""
        self._grow(len(items), document)
        out: list[Any] = []
        for index, item in enumerate(items):
            target, origin = (*path, len(out)), (*at, index)
            if isinstance(item, dict) and item.keys() == {INCLUDE}:
                piece = self._read_include(item[INCLUDE], document, origin)
                steps: list[yaml.YamlPath] = [()]
                if isinstance(piece.data, list):
                    steps = [(inner,) for inner in range(len(piece.data))]
                self._grow(len(steps), piece)
                for step in steps:
                    out.append(self._insert(piece, (*path, len(out)), step))
                continue
            if len(out) != index:
                self._origins[target] = (document, origin)
            out.append(self._resolve(item, target, document, origin))
        return out

    def _grow(self, values: int, document: yaml.Document) -> None:
        """Count the values of the resolved document. Raises ScenarioError if there are too many."""
        self._size += values
        if self._size > yaml.LARGEST:
            self.close()
            message = f"more than {yaml.LARGEST:,} values once its includes are inserted"
            remedy = "Include fewer or smaller files, or use several scenarios."
            raise ScenarioError([Problem(document.file, 1, 1, "", message, remedy)])

    def _insert(self, piece: yaml.Document, path: yaml.YamlPath, at: yaml.YamlPath) -> Any:
        """Resolve the value at `at` of an include file, inserted at `path`."""
        self._origins[path] = (piece, at)
        value: Any = piece.data
        for step in at:
            value = value[step]
        self._open.append(piece.file)
        out = self._resolve(value, path, piece, at)
        self._open.pop()
        return out

    def _read_include(self, name: Any, document: yaml.Document, at: yaml.YamlPath) -> yaml.Document:
        """Return the document of an include file. If it cannot be read, add a problem and return an empty document."""
        self._count += 1
        try:
            if not isinstance(name, str):
                raise ValueError("`include` must be a file name")
            if self._files is None:
                raise ValueError("`include` works only in files of a scenario folder: insert the content instead")
            file, text = self._files.text(name, document.file)
            if file in self._open or len(self._open) > _MAX_DEPTH or self._count > _MAX_INCLUDES:
                raise ValueError(
                    f"`{name}` includes itself, or there are more than {_MAX_DEPTH} nested or {_MAX_INCLUDES} includes"
                )
            if file not in self._pieces:
                self._pieces[file] = yaml.Document(file, None)  # if it cannot be read, that is reported once
                self._pieces[file] = yaml.read(text, file)
            piece = self._pieces[file]
        except ValueError as error:
            where = document.position((*at, INCLUDE))
            self.problems.append(Problem(document.file, *where, yaml.dotted((*at, INCLUDE)), str(error)))
            return yaml.Document(document.file, None)
        except ScenarioError as error:
            self.problems += error.problems
            return yaml.Document(document.file, None)
        self.problems += piece.problems
        return piece
