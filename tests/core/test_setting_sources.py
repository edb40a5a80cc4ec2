"""Settings of variables and gemulator.toml."""

from pathlib import Path

import pytest

from gemulator.core.setting_error import SettingError
from gemulator.core.setting_sources import combine, read_file, read_variables, unknown_variables


def file_with(folder: Path, text: str) -> Path:
    file = folder / "gemulator.toml"
    file.write_text(text)
    return file


def test_first_layer_with_a_value_decides(tmp_path: Path) -> None:
    variables = read_variables({"GEMULATOR_SEED": "from the shell", "GEMULATOR_MAX_TOOLS": "3"})
    file = read_file(file_with(tmp_path, 'seed = "from the file"\nids = "stable"\n'))
    settings = combine(variables, file)
    assert (settings.seed, settings.max_tools, settings.ids) == ("from the shell", 3, "stable")


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("GEMULATOR_PORT", "many", "port (GEMULATOR_PORT): Input should be a valid integer"),
        (
            "GEMULATOR_UNMATCHED",
            "generat",
            "unmatched (GEMULATOR_UNMATCHED): Input should be 'generate', 'error' or",
        ),
        ("GEMULATOR_ADMIN_KEY", "", "admin_key (GEMULATOR_ADMIN_KEY): the value is empty"),
        ("GEMULATOR_TOKENS", "one two", "tokens (GEMULATOR_TOKENS): a value has white space: separate several"),
        ("GEMULATOR_ALLOW_HOST", "a.test b.test", "allow_host (GEMULATOR_ALLOW_HOST): a value has white space"),
    ],
)
def test_variable_of_a_wrong_value_is_named(variable: str, text: str, message: str) -> None:
    with pytest.raises(SettingError) as error:
        combine(read_variables({variable: text}))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1", "unknown setting: did you mean `port`?"),
        ('fault = "refuse"', "not a setting of the server: set it on a session, or in the header x-emulator-fault"),
        ('cors = ["http://one.test"]', "takes one value, not a list"),
        ("port =", "not valid TOML"),
        ('port = "many"', "Input should be a valid integer"),
    ],
)
def test_mistake_in_a_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = file_with(tmp_path, text)
    with pytest.raises(SettingError) as error:
        combine(read_file(file))
    assert f"({file}): {message}" in str(error.value)


def test_values_of_secrets_are_not_shown() -> None:
    with pytest.raises(SettingError) as error:
        combine(read_variables({"GEMULATOR_TOKENS": "hunter2 hunter3"}))
    assert "hunter" not in str(error.value)


def test_lists_are_separated_by_commas(tmp_path: Path) -> None:
    variables = {"GEMULATOR_SCENARIOS": "one, two", "GEMULATOR_TLS_NAMES": "a.test,b.test"}
    assert combine(read_variables(variables)).scenarios == (Path("one"), Path("two"))
    assert combine(read_variables(variables)).tls_names == ("a.test", "b.test")
    assert combine(read_file(file_with(tmp_path, 'scenarios = ["one, two"]'))).scenarios == (Path("one, two"),)
    assert combine(read_file(file_with(tmp_path, 'scenarios = "one,two"'))).scenarios == (Path("one"), Path("two"))


def test_service_link_of_kubernetes_is_no_port() -> None:
    links = {
        "GEMULATOR_PORT": "tcp://10.0.0.7:8089",
        "GEMULATOR_SERVICE_HOST": "10.0.0.7",
        "GEMULATOR_PORT_8089_TCP_PORT": "8089",
    }
    assert read_variables(links) == {}
    assert unknown_variables(links) == []


def test_misspelt_variable_is_told_with_the_right_one() -> None:
    environ = {
        "GEMULATOR_QOUTA": "none",
        "GEMULATOR_URL": "x",
        "GEMULATOR_TEAM": "x",
        "HOME": "/",
    }
    assert unknown_variables(environ) == ["the variable GEMULATOR_QOUTA is unknown: did you mean GEMULATOR_QUOTA?"]
