"""Settings of GEMULATOR_ variables and gemulator.toml."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from gemulator.core.setting_error import SettingError, unknown_setting
from gemulator.core.settings import NEVER_EMPTY, Settings

DEFAULT_FILE = Path("gemulator.toml")
# In tests, what could turn a failing one green by the shell it runs in: these values, or any if there are none.
NOT_FROM_SHELL: Mapping[str, Sequence[str]] = {
    "unmatched": (),
    "upstream": (),
    "record": (),
    "scenarios": (),
    "store": (),
    "strictness": ("lenient",),
    "signatures": ("warn", "off"),
}
# The server of tests runs in their process, on a free port.
OF_A_SERVER = ("host", "port", "tls_port", "proxy_port", "workers", "reload", "log_format")
_PREFIX = "GEMULATOR_"
_OTHER_VARIABLES = ("url", "config")  # read, but no settings
# Set in containers by Kubernetes for a service named gemulator.
_SERVICE_LINK = re.compile(r"(service|port)_.*")
_SERVICE_ADDRESS = "tcp://"


class Sourced(NamedTuple):
    """Value of a setting, and where it was set: `GEMULATOR_PORT`, `gemulator.toml`; empty: in the call."""

    value: Any
    source: str


Layer: TypeAlias = Mapping[str, Sourced]


def read_variables(environ: Mapping[str, str]) -> Layer:
    """Return the settings in variables. An empty variable sets nothing, unless an empty value is an error."""
    found = {}
    for name in Settings.model_fields:
        text = environ.get(variable_of(name))
        if text is None or (name == "port" and text.startswith(_SERVICE_ADDRESS)):
            continue
        if not text and (name not in NEVER_EMPTY or Settings.takes_list(name)):
            continue
        found[name] = Sourced(text, variable_of(name))
    return found


def read_file(file: Path | None) -> Layer:
    """Return the settings of a TOML file; none without a file. Raises SettingError."""
    if file is None:
        return {}
    import tomllib

    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("config", f"not valid TOML: {error}", str(file)) from None
    for name, value in table.items():
        if name not in Settings.model_fields:
            raise SettingError(name, unknown_setting(name, Settings.model_fields), str(file))
        if isinstance(value, list) and not Settings.takes_list(name):
            raise SettingError(name, "takes one value, not a list", str(file))
    return {name: Sourced(value, str(file)) for name, value in table.items()}


def default_file() -> Path | None:
    """Return the file of settings in the working directory, None if there is none."""
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def combine(*layers: Layer) -> Settings:
    """Return the settings of the layers: the first that has a value decides. Raises SettingError, naming the source."""
    merged: dict[str, Sourced] = {}
    for layer in reversed(layers):
        merged |= layer
    try:
        return Settings.of(**{name: one.value for name, one in merged.items()})
    except SettingError as error:
        if error.name not in merged:
            raise
        raise SettingError(error.name, error.reason, merged[error.name].source) from None


def unknown_variables(environ: Mapping[str, str]) -> Sequence[str]:
    """Return a warning for each variable that is no setting but nearly has the name of one."""
    from difflib import get_close_matches

    known = (*Settings.model_fields, *_OTHER_VARIABLES)
    warnings = []
    for variable in sorted(environ):
        name = variable.removeprefix(_PREFIX).lower()
        if not variable.startswith(_PREFIX) or name in known or _SERVICE_LINK.fullmatch(name):
            continue
        if near := get_close_matches(name, known, 1, cutoff=0.8):
            warnings.append(f"the variable {variable} is unknown: did you mean {variable_of(near[0])}?")
    return warnings


def variable_of(name: str) -> str:
    """Return the variable of a setting."""
    return f"{_PREFIX}{name.upper()}"
