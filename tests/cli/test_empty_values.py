"""Empty secrets, hosts, catalogs and policies, which are refused by the name of their option."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gemulator import Emulator
from gemulator.cli import main
from gemulator.core.errors import ScenarioError
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import NEVER_EMPTY

pytestmark = pytest.mark.slow

RUN = [sys.executable, "-c", "pass"]  # what `exec` runs if it accepts the settings


def exec_with(name: str, value: str, entrance: str, folder: Path) -> Result:
    """Return the result of `gemulator exec` with a setting from a flag, a variable or a file."""
    options, variables = ["--auth", "open"], {}
    if entrance == "flag":
        options += [f"--{name.replace('_', '-')}", value]
    elif entrance == "variable":
        variables[f"GEMULATOR_{name.upper()}"] = value
    else:
        file = folder / "settings.toml"
        file.write_text(f'{name} = "{value}"\n')
        options += ["--config", str(file)]
    return CliRunner(env={**os.environ, **variables}).invoke(main, ["exec", *options, "--", *RUN])


SINGLE = [name for name in NEVER_EMPTY if name != "tokens"]


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize(
    ("entrance", "name"),
    [*(("flag", name) for name in NEVER_EMPTY), *((way, name) for way in ("variable", "file") for name in SINGLE)],
)
def test_empty_value_is_refused_by_its_option(entrance: str, name: str, value: str, tmp_path: Path) -> None:
    result = exec_with(name, value, entrance, tmp_path)
    assert result.exit_code == 2, result.output
    source = {"flag": "", "variable": f" (GEMULATOR_{name.upper()})", "file": f" ({tmp_path / 'settings.toml'})"}
    assert f"--{name.replace('_', '-')}{source[entrance]}: the value is empty" in result.output


def test_empty_variable_of_another_option_is_not_set(tmp_path: Path) -> None:
    assert exec_with("seed", "", "variable", tmp_path).exit_code == 0
    assert exec_with("tokens", "", "variable", tmp_path).exit_code == 0  # a list of none


@pytest.mark.parametrize("name", NEVER_EMPTY)
def test_emulator_refuses_an_empty_value(name: str) -> None:
    given: dict[str, Any] = {name: ("",) if name == "tokens" else ""}
    with pytest.raises(SettingError, match=f"^{name}: the value is empty"):
        Emulator(**given)


def test_env_refuses_an_empty_token_key(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["env", "--state", str(tmp_path), "--token-key", ""])
    assert result.exit_code == 2
    assert "--token-key: the value is empty" in result.output


# ---- files


def catalog(folder: Path, text: str) -> None:
    (folder / "file.yaml").write_text(text)
    Emulator(catalog=folder / "file.yaml").start().stop()


def policy(folder: Path, text: str) -> None:
    (folder / "file.yaml").write_text(text)
    Emulator(policy=folder / "file.yaml").start().stop()


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        *((catalog, text, "the catalog has no entries") for text in ("", "# later", "{}", "models: []", "text", "[]")),
        (catalog, "endpoint: [{ id: a }]", "the catalog has no entries"),
        *((policy, text, "the policy is empty") for text in ("", "# later", "{}")),
    ],
)
def test_file_that_says_nothing_is_refused(
    read: Callable[[Path, str], None], text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError, match=says):
        read(tmp_path, text)


@pytest.mark.parametrize("name", ["catalog", "policy"])
def test_command_names_the_file_that_says_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    result = exec_with(name, str(tmp_path / "empty.yaml"), "flag", tmp_path)
    assert result.exit_code == 1
    assert f"the {name} cannot be used:\n{tmp_path / 'empty.yaml'}:1:1: the {name}" in result.output


@pytest.mark.parametrize(
    ("read", "text"), [(catalog, "endpoints: [{ id: a }]"), (catalog, "families: { f: {} }"), (policy, "projects: []")]
)
def test_file_with_an_entry_is_read(read: Callable[[Path, str], None], text: str, tmp_path: Path) -> None:
    read(tmp_path, text)
