"""Settings of variables and gemulator.toml in a pytest run."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from gemulator.client.pytest_plugin.options import FILE
from gemulator.core.setting_error import SettingError
from gemulator.core.setting_sources import (
    NOT_FROM_SHELL,
    OF_A_SERVER,
    Layer,
    Sourced,
    combine,
    read_file,
    read_variables,
    unknown_variables,
)
from gemulator.core.settings import Settings


class Environment(NamedTuple):
    """Settings of variables and of the file, and those that a test run ignores, with the reason."""

    variables: Layer
    file: Layer
    ignored: Sequence[tuple[Sourced, str]]

    @property
    def used(self) -> Mapping[str, Sourced]:
        """Return the settings that apply, by name."""
        return {**self.file, **self.variables}


def read_environment(config: pytest.Config) -> Environment:
    """Return the settings around a test run. Raises SettingError."""
    ignored: list[tuple[Sourced, str]] = []
    variables = _usable(read_variables(os.environ), ignored)
    file = _usable(read_file(_file(config)), ignored)
    combine(variables, file)
    return Environment(variables, file, ignored)


def header_lines(config: pytest.Config) -> list[str]:
    """Return the lines of pytest's header about settings that come from outside the project's pytest options."""
    warnings = [f"gemulator: {warning}" for warning in unknown_variables(os.environ)]
    try:
        environment = read_environment(config)
    except SettingError as error:
        return [*warnings, f"gemulator: {error}"]
    used = [f"{name}={_shown(name, one)} ({one.source})" for name, one in environment.used.items()]
    lines = [f"gemulator: {', '.join(used)}"] if used else []
    return [*warnings, *lines, *(f"gemulator: ignored: {one.source}: {reason}" for one, reason in environment.ignored)]


def _file(config: pytest.Config) -> Path | None:
    named = os.environ.get("GEMULATOR_CONFIG")
    file = Path(named) if named else config.rootpath / FILE
    if named and not file.is_file():
        raise SettingError("config", f"no file {named}", "GEMULATOR_CONFIG")
    return file if file.is_file() else None


def _usable(layer: Layer, ignored: list[tuple[Sourced, str]]) -> Layer:
    """Return the settings of a layer that apply to tests; add the others to `ignored`."""
    used = {}
    for name, one in layer.items():
        if name in OF_A_SERVER:
            ignored.append((one, "the server of tests runs in their process, on a free port"))
        elif name == "record":
            ignored.append((one, "a test names its recording in the marker"))
        elif name in NOT_FROM_SHELL and one.value in (NOT_FROM_SHELL[name] or (one.value,)):
            remedy = f"use the ini option gemulator_{name}, --gemulator-{name} or the fixture gemulator_settings"
            ignored.append((one, f"tests would depend on the shell: {remedy}"))
        else:
            used[name] = one
    return used


def _shown(name: str, one: Sourced) -> str:
    return "…" if Settings.is_secret(name) else str(one.value)
