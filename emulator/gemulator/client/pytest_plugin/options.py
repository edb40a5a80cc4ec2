"""What a test wants of its emulator: the options of its markers, what those leave open as the project's."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from gemulator.client.options import SessionOptions
from gemulator.core.clock import parse_clock
from gemulator.core.settings import UnmatchedMode


class PytestOptions(NamedTuple):
    """Options, checked. `scenario` are files of the marker; those of the project are its folders' business."""

    scenario: Sequence[str | os.PathLike[str]]
    unmatched: UnmatchedMode
    seed: str
    clock: str
    strict: bool
    env: bool

    def session_options(self) -> SessionOptions:
        """Return the settings of a session."""
        return {"unmatched": self.unmatched, "seed": self.seed, "clock": self.clock}


def from_config(config: pytest.Config) -> PytestOptions:
    """The options of the ini file. Fails as `failure` says."""
    said = {name: config.getini(f"gemulator_{name}") for name in PytestOptions._fields if name != "scenario"}
    return PytestOptions(scenario=(), **{name: _read(f"gemulator_{name}", name, value) for name, value in said.items()})


def from_item(item: pytest.Item) -> PytestOptions:
    """The options of a test: of its nearest marker, then the next, then of the project. None says nothing."""
    wanted = from_config(item.config)
    for marker in reversed(list(item.iter_markers("gemulator"))):
        unknown = [
            *map(repr, marker.args),
            *(f"`{name}`" for name in marker.kwargs if name not in PytestOptions._fields),
        ]
        if unknown:
            raise fail(f"the marker gemulator takes {', '.join(PytestOptions._fields)}, and not {', '.join(unknown)}")
        said = {name: value for name, value in marker.kwargs.items() if value is not None}
        wanted = wanted._replace(
            **{name: _read(f"the marker gemulator: {name}", name, value) for name, value in said.items()}
        )
    return wanted


def fail(message: str) -> BaseException:
    """What pytest reports as the message alone: where it was raised is nobody's concern."""
    return pytest.fail.Exception(message, pytrace=False)


def _read(where: str, name: str, value: Any) -> Any:
    try:
        return _READ[name](value)
    except ValueError as error:
        raise fail(f"{where}: {error}") from None


def _files(value: Any) -> Sequence[str | os.PathLike[str]]:
    files = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(files, Sequence) or not all(isinstance(file, str | os.PathLike) for file in files):
        raise ValueError(f"expected a file or a list of files, not {value!r}")
    return files


def _unmatched(value: Any) -> str:
    if value not in ("error", "generate"):
        raise ValueError(f"expected 'error' or 'generate', not {value!r}")
    return str(value)


def _seed(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"expected a text or a number, not {value!r}")
    return str(value)


def _clock(value: Any) -> str:
    moment = value.isoformat() if isinstance(value, datetime) else str(value)
    parse_clock(moment)
    return moment


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected True or False, not {value!r}")
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "scenario": _files,
    "unmatched": _unmatched,
    "seed": _seed,
    "clock": _clock,
    "strict": _yes,
    "env": _yes,
}
