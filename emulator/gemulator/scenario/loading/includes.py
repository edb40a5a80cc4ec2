"""`include:` of shared pieces: what a file says once its pieces are put in, and where each part of it stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError

INCLUDE = "include"

# Keys under which stands what is the user's own: there `include` is a key like any other.
FREE = frozenset({"with", "json", "details", "body", "header", "usage"})
_DEEPEST = 8  # pieces in pieces
_MOST = 1000  # pieces in one scenario


class Files(Protocol):
    """The files of a scenario's folder. ValueError says why one cannot be had."""

    def text(self, name: str, beside: Path) -> tuple[Path, str]:
        """The path and the text of a file named in another."""
        ...

    def content(self, name: str, beside: Path) -> bytes:
        """The bytes of a file named in another."""
        ...


class IncludeResolver:
    """A document with its pieces put in: `data`, `problems`, and where a path of the data was written."""

    def __init__(self, document: yaml.Document, files: Files | None) -> None:
        self._origins: dict[yaml.YamlPath, tuple[yaml.Document, yaml.YamlPath]] = {(): (document, ())}
        self._files = files
        self._open: list[Path] = [document.file]
        self._count = 0
        self.problems: list[Problem] = list(document.problems)
        self.data = self._walked(document.data, (), document, ()) if INCLUDE in document.text else document.data

    def place(self, path: yaml.YamlPath, *, key: bool = False) -> tuple[Path, int, int]:
        """File, line and column of the value at a path, or of its key."""
        known = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in self._origins)
        document, inner = self._origins[known]
        return document.file, *document.place((*inner, *path[len(known) :]), key=key)

    def _walked(self, value: Any, path: yaml.YamlPath, document: yaml.Document, at: yaml.YamlPath) -> Any:
        if isinstance(value, list):
            return self._items(value, path, document, at)
        if not isinstance(value, dict):
            return value
        if value.keys() == {INCLUDE}:
            return self._entered(self._piece(value[INCLUDE], document, at), path, ())
        return {
            key: item if key in FREE else self._walked(item, (*path, key), document, (*at, key))
            for key, item in value.items()
        }

    def _items(
        self, items: Sequence[Any], path: yaml.YamlPath, document: yaml.Document, at: yaml.YamlPath
    ) -> list[Any]:
        """The items; a piece that is a list is put in item by item."""
        out: list[Any] = []
        for index, item in enumerate(items):
            here, origin = (*path, len(out)), (*at, index)
            if isinstance(item, dict) and item.keys() == {INCLUDE}:
                piece = self._piece(item[INCLUDE], document, origin)
                steps: list[yaml.YamlPath] = [()]
                if isinstance(piece.data, list):
                    steps = [(inner,) for inner in range(len(piece.data))]
                for step in steps:
                    out.append(self._entered(piece, (*path, len(out)), step))
                continue
            if len(out) != index:
                self._origins[here] = (document, origin)
            out.append(self._walked(item, here, document, origin))
        return out

    def _entered(self, piece: yaml.Document, path: yaml.YamlPath, at: yaml.YamlPath) -> Any:
        """What stands at `at` of a piece, put in at `path`."""
        self._origins[path] = (piece, at)
        value: Any = piece.data
        for step in at:
            value = value[step]
        self._open.append(piece.file)
        out = self._walked(value, path, piece, at)
        self._open.pop()
        return out

    def _piece(self, name: Any, document: yaml.Document, at: yaml.YamlPath) -> yaml.Document:
        """The document of a piece; an empty one where it cannot be had, with a problem."""
        self._count += 1
        try:
            if not isinstance(name, str):
                raise ValueError("`include` takes the name of a file")
            if self._files is None:
                raise ValueError("`include` needs a scenario that is a file itself: here there is no folder to look in")
            file, text = self._files.text(name, document.file)
            if file in self._open or len(self._open) > _DEEPEST or self._count > _MOST:
                raise ValueError("this piece includes itself, or too many others")
            piece = yaml.read(text, file)
        except ValueError as error:
            where = document.place((*at, INCLUDE))
            self.problems.append(Problem(document.file, *where, yaml.dotted((*at, INCLUDE)), str(error)))
            return yaml.Document(document.file, None)
        except ScenarioError as error:
            self.problems += error.problems
            return yaml.Document(document.file, None)
        self.problems += piece.problems
        return piece
