"""Options of the pytest plugin, by marker or ini file."""

# Loaded in every pytest run: pydantic is imported only once an option is validated.
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

if TYPE_CHECKING:
    from gemulator.client.options import FilePath, SessionOptions
    from gemulator.core.settings import Strictness, UnmatchedMode


@dataclass(frozen=True)
class PytestOptions:
    """Options of a test. Those that Settings or the options of a session have as well are named as there.

    Each field is an argument of the marker and, unless `ini` is False, an ini option `gemulator_…`.
    """

    scenario: "Sequence[FilePath]" = field(default=(), metadata={"help": "scenario files to load", "ini": False})
    unmatched: "UnmatchedMode" = field(
        default="error", metadata={"help": "answer to requests that match no turn: `error` or `generate`"}
    )
    strictness: "Strictness" = field(
        default="service",
        metadata={
            "help": "refusals of requests: `service` as the service, `strict` more, `lenient` only unreadable ones"
        },
    )
    seed: str = field(default="0", metadata={"help": "seed of all generated words"})
    clock: str = field(
        default="2026-01-01T00:00:00Z", metadata={"help": "time at which the clock is frozen, or `real`"}
    )
    strict: bool = field(default=True, metadata={"help": "fail on unmatched requests and unused `times`"})
    env: bool = field(
        default=False, metadata={"help": "set OPENAI_BASE_URL and OPENAI_API_KEY in tests that use the fixture"}
    )

    def session_options(self) -> "SessionOptions":
        """Return those that are settings of a session."""
        from gemulator.client.options import SessionOptions

        return cast(SessionOptions, {name: getattr(self, name) for name in SessionOptions.__annotations__})

    def override(self, source: str, values: Mapping[str, Any]) -> "PytestOptions":
        """Return the options with these values, validated; None keeps the value. Raise a pytest failure."""
        given = {name: value for name, value in values.items() if value is not None}
        return replace(self, **{name: _validate(f"{source}{name}", name, value) for name, value in given.items()})


_FIELDS = {one.name: one for one in fields(PytestOptions)}
MARKER = f"gemulator({'=, '.join(_FIELDS)}=): " + "; ".join(
    f"{name}: {one.metadata['help']}" for name, one in _FIELDS.items()
)


def add_ini_options(parser: pytest.Parser) -> None:
    """Register the ini options."""
    for name in _ini_names():
        option = _FIELDS[name]
        kind: Literal["bool", "string"] = "bool" if isinstance(option.default, bool) else "string"
        parser.addini(f"gemulator_{name}", option.metadata["help"], type=kind, default=option.default)


def from_config(config: pytest.Config) -> PytestOptions:
    """Return the options of the ini file. Raise a pytest failure for an invalid value."""
    values = {name: config.getini(f"gemulator_{name}") for name in _ini_names()}
    return PytestOptions().override("gemulator_", values)


def from_markers(item: pytest.Item, project: PytestOptions) -> PytestOptions:
    """Return the options of a test: the project's, overridden by its markers, of which the nearest wins."""
    options = project
    for marker in reversed(list(item.iter_markers("gemulator"))):
        unknown = [*map(repr, marker.args), *(f"`{name}`" for name in marker.kwargs if name not in _FIELDS)]
        if unknown:
            raise fail(f"the marker gemulator does not take {', '.join(unknown)}. It takes {', '.join(_FIELDS)}.")
        options = options.override("the marker gemulator: ", marker.kwargs)
    return options


def settings_of(options: PytestOptions) -> Mapping[str, Any]:
    """Return those that are fields of Settings."""
    from gemulator.core.settings import Settings

    return {name: getattr(options, name) for name in _FIELDS if name in Settings.model_fields}


def fail(message: str) -> BaseException:
    """Return an exception that pytest reports as the message alone, without a traceback."""
    return pytest.fail.Exception(message, pytrace=False)


def _ini_names() -> Sequence[str]:
    return [name for name, option in _FIELDS.items() if option.metadata.get("ini", True)]


def _validate(where: str, name: str, value: Any) -> Any:
    from gemulator.client.options import as_setting
    from gemulator.core.settings import SettingError, Settings

    try:
        if name in Settings.model_fields:
            return getattr(Settings.of(**{name: as_setting(value)}), name)
        return _files(value) if name == "scenario" else _bool(value)
    except SettingError as error:
        shown = error.reason if repr(value) in error.reason else f"{error.reason}, not {value!r}"
        raise fail(f"{where}: {shown}") from None
    except ValueError as error:
        raise fail(f"{where}: {error}") from None


def _files(value: Any) -> "Sequence[FilePath]":
    files = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(files, Sequence) or not all(isinstance(file, str | os.PathLike) for file in files):
        raise ValueError(f"expected a file or a list of files, not {value!r}")
    return files


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected True or False, not {value!r}")
    return value
