"""Options of the pytest plugin: marker, command line, ini file."""

# Loaded in every pytest run: pydantic is imported only once an option is validated.
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import pytest

if TYPE_CHECKING:
    from gemulator.client.options import FilePath, SessionOptions
    from gemulator.core.setting_sources import Layer
    from gemulator.core.settings import (
        SessionUnmatchedMode,
        Signatures,
        StreamUsage,
        Strictness,
        ToolCalls,
        ToolIndex,
        Wire,
    )


@dataclass(frozen=True)
class PytestOptions:
    """Options of a test. Those that Settings or the options of a session have as well are named as there.

    Each field is an argument of the marker and, but for `scenario` and `record`, an ini option `gemulator_…`; those
    that are texts are options `--gemulator-…` too. None: the server's.
    """

    scenario: "Sequence[FilePath]" = field(default=(), metadata={"help": "scenario files to load"})
    record: "FilePath | None" = field(
        default=None,
        metadata={"help": "recording beside the test that answers; --gemulator-record=missing or all writes it"},
    )
    unmatched: "SessionUnmatchedMode | None" = field(
        default="error", metadata={"help": "answer to requests that match no turn: `error` or `generate`"}
    )
    strictness: "Strictness" = field(
        default="service",
        metadata={
            "help": "refusals of requests: `service` as the service, `strict` more, `lenient` only unreadable ones"
        },
    )
    signatures: "Signatures | None" = field(
        default=None, metadata={"help": "thought signatures in the history: `enforce`, `strict`, `warn` or `off`"}
    )
    seed: str = field(default="0", metadata={"help": "seed of all generated words"})
    clock: str = field(
        default="2026-01-01T00:00:00Z", metadata={"help": "time at which the clock is frozen, or `real`"}
    )
    wire: "Wire | None" = field(default=None, metadata={"help": "streamed tool calls: `faithful` or `sdk-safe`"})
    tool_index: "ToolIndex | None" = field(
        default=None,
        metadata={"help": "index of streamed tool calls: `documented`, `sequential`, `all-zero`, `gap` or `missing`"},
    )
    fragment: str | None = field(
        default=None, metadata={"help": "splitting of streamed arguments: `json`, `token`, `size:N` or `whole`"}
    )
    calls_per_delta: int | None = field(default=None, metadata={"help": "whole tool calls in one delta of a stream"})
    stream_usage: "StreamUsage | None" = field(
        default=None, metadata={"help": "token counts in a stream: in the `last` chunk or in `every` one"}
    )
    tool_calls: "ToolCalls | None" = field(
        default=None, metadata={"help": "tool calls of generated answers: `related` to the prompt or `always`"}
    )
    speed: str | None = field(default=None, metadata={"help": "pacing: `authored`, `realistic` or a number"})
    fault: str | None = field(
        default=None, metadata={"help": "faults of all answers, like `disconnect: {after_chunks: 3}`"}
    )
    pacing: str | None = field(default=None, metadata={"help": "pacing of all answers, like `first_token: 3s`"})
    quota: str | None = field(default=None, metadata={"help": "limits, like `requests_per_minute: 60`"})
    error: str | None = field(
        default=None, metadata={"help": "error that answers before any turn, like `429, retry_after: 2s`"}
    )
    strict: bool = field(default=True, metadata={"help": "fail on unmatched requests and unused `times`"})
    env: bool = field(
        default=False, metadata={"help": "set OPENAI_BASE_URL and OPENAI_API_KEY in tests that use the fixture"}
    )

    def session_options(self) -> "SessionOptions":
        """Return those that are settings of a session."""
        from gemulator.client.options import SessionOptions

        return cast(SessionOptions, {name: getattr(self, name) for name in SessionOptions.__annotations__})

    def override(self, layer: "Layer") -> "PytestOptions":
        """Return the options with the values of a layer, validated; None keeps a value. Raise a pytest failure."""
        given = {name: one for name, one in layer.items() if name in _FIELDS and one.value is not None}
        return replace(self, **{name: _validate(one.source, name, one.value) for name, one in given.items()})


FILE = "gemulator.toml"  # in the root directory of the project
# Options of the server that tests use.
SERVER_OPTIONS = {
    "scenarios": "folders or files of scenarios that answer in all tests, separated by commas",
    "store": "state store: `memory`, or a URL like redis://localhost:6379/0",
    "upstream": "server that --gemulator-record asks: `vertex`, vertex=URL or openai=URL",
    "upstream_auth": "credentials for it: `caller`, `adc`, env:NAME or `none`",
}
RECORD_MODES = ("missing", "all", "none")
_FIELDS = {one.name: one for one in fields(PytestOptions)}
_OF_MARKER = ("scenario", "record")
_INI_FIELDS = [name for name in _FIELDS if name not in _OF_MARKER]
MARKER = f"gemulator({'=, '.join(_FIELDS)}=): " + "; ".join(
    f"{name}: {one.metadata['help']}" for name, one in _FIELDS.items()
)


def add_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Register the ini options and those of the command line."""
    for name in _INI_FIELDS:
        text = _FIELDS[name].metadata["help"]
        kind: Literal["bool", "string"] = "bool" if isinstance(_FIELDS[name].default, bool) else "string"
        parser.addini(f"gemulator_{name}", text, type=kind, default=None)
        if kind == "string":
            group.addoption(flag(name), metavar=name.upper(), help=text)


def flag(name: str) -> str:
    return f"--gemulator-{name.replace('_', '-')}"


def from_config(config: pytest.Config, file: "Layer", variables: "Layer", settings: Mapping[str, Any]) -> PytestOptions:
    """Return the options of gemulator.toml (`file`), the ini file, variables, the command line and `settings`.

    The last one that has a value decides. Raise a pytest failure for an invalid value.
    """
    layers = (
        file,
        _layer("gemulator_", {name: config.getini(f"gemulator_{name}") for name in _INI_FIELDS}),
        variables,
        _layer("--gemulator-", {name: config.getoption(flag(name), None) for name in _INI_FIELDS}),
        _layer("gemulator_settings: ", settings),
    )
    options = PytestOptions()
    for layer in layers:
        options = options.override(layer)
    return options


def from_markers(item: pytest.Item, project: PytestOptions) -> PytestOptions:
    """Return the options of a test: the project's, overridden by its markers, of which the nearest wins."""
    options = project
    for marker in reversed(list(item.iter_markers("gemulator"))):
        unknown = [repr(argument) for argument in marker.args] + [name for name in marker.kwargs if name not in _FIELDS]
        if unknown:
            raise fail(f"the marker gemulator does not take {unknown[0]}: {_where_to_set(unknown[0])}")
        options = options.override(_layer("the marker gemulator: ", marker.kwargs))
    return options


def _where_to_set(name: str) -> str:
    """Return the place where a setting that no marker takes can be set, or the arguments of the marker."""
    from difflib import get_close_matches

    from gemulator.core.settings import Settings

    if name in Settings.model_fields:
        return "it is a setting of the server: return it from the fixture gemulator_settings."
    near = get_close_matches(name, _FIELDS, 1)
    return f"did you mean {near[0]}?" if near else f"it takes {', '.join(_FIELDS)}."


def settings_of(options: PytestOptions) -> Mapping[str, Any]:
    """Return those that are fields of Settings and set."""
    from gemulator.core.settings import Settings

    values = {name: getattr(options, name) for name in _FIELDS if name in Settings.model_fields and name != "record"}
    return {name: value for name, value in values.items() if value is not None}


def scenario_folders(config: pytest.Config) -> Sequence[Path]:
    """Return the folders and files of `--gemulator-scenarios`, else of the ini option, relative to the ini file."""
    given = config.getoption("--gemulator-scenarios")
    base = config.invocation_params.dir if given else (config.inipath or config.rootpath / "pytest.ini").parent
    return [base / path for path in _split(given or config.getini("gemulator_scenarios") or "")]


def _split(text: str) -> list[str]:
    """Return the parts of a list, separated by commas or, as in other lists of pytest, by white space."""
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace += ","
    words.whitespace_split = True
    return list(words)


def is_option(name: str) -> bool:
    """Return True for the name of an option of a test."""
    return name in _FIELDS


def fail(message: str) -> BaseException:
    """Return an exception that pytest reports as the message alone, without a traceback."""
    return pytest.fail.Exception(message, pytrace=False)


def _layer(source: str, values: Mapping[str, Any]) -> "Layer":
    from gemulator.core.setting_sources import Sourced

    return {name: Sourced(value, f"{source}{name}") for name, value in values.items()}


def _validate(where: str, name: str, value: Any) -> Any:
    from gemulator.client.options import as_setting
    from gemulator.core.overrides import OVERRIDES
    from gemulator.core.setting_error import SettingError
    from gemulator.core.settings import SessionUnmatchedMode, Settings

    try:
        if name in _READERS:
            return _READERS[name](value)
        setting = as_setting(value)
        if name == "unmatched" and setting not in get_args(SessionUnmatchedMode):  # tests forward nothing
            raise ValueError(f"Input should be 'generate' or 'error', not {setting!r}")
        if name in Settings.model_fields:
            setting = getattr(Settings.of(**{name: setting}), name)
        if name in OVERRIDES:
            from gemulator.scenario.override_values import check_override

            check_override(name, setting)
    except SettingError as error:
        raise fail(f"{where}: {error.reason}") from None
    except ValueError as error:
        raise fail(f"{where}: {error}") from None
    return setting


def _files(value: Any) -> "Sequence[FilePath]":
    files = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(files, Sequence) or not all(isinstance(file, str | os.PathLike) for file in files):
        raise ValueError(f"expected a file or a list of files, not {value!r}")
    return files


def _file(value: Any) -> "FilePath":
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"expected a file, not {value!r}")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected True or False, not {value!r}")
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {"strict": _bool, "env": _bool, "scenario": _files, "record": _file}
