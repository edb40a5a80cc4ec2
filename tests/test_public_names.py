"""Public names of the package."""

import subprocess
import sys
from pathlib import Path

import pytest

import gemulator


@pytest.mark.parametrize("name", gemulator.__all__)
def test_public_name_can_be_imported(name: str) -> None:
    assert getattr(gemulator, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'gemulator' has no attribute 'nonsense'$"):
        _ = gemulator.nonsense
    assert not hasattr(gemulator, "__wrapped__")


@pytest.mark.parametrize(
    ("written", "meant"), [("Sesion", "Session"), ("emulator", "Emulator"), ("createApp", "create_app")]
)
def test_misspelt_name_is_answered_with_the_nearest(written: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"has no attribute '{written}'\. Did you mean '{meant}'\?$"):
        getattr(gemulator, written)


@pytest.mark.slow
def test_names_are_listed_before_they_are_imported() -> None:
    code = """
import sys
import gemulator
print(sorted({*gemulator.__all__} - {*dir(gemulator)}))
print(sorted(name for name in sys.modules if name.startswith("gemulator.") and name.count(".") == 1))
from gemulator import *
print(Stub.__name__, RecordedRequest.__name__)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "['gemulator.core']", "Stub RecordedRequest"]


def test_hint_stands_once_in_a_traceback() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import gemulator; gemulator.Sesion"], capture_output=True, text=True, check=False
    )
    assert ran.stderr.count("Did you mean") == 1


def test_errors_of_public_calls_are_public(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("turns: 5")
    with pytest.raises(gemulator.ScenarioError, match="expected a list, found 5"):
        gemulator.create_app(gemulator.Settings(scenarios=(tmp_path,)))
    with pytest.raises(gemulator.SettingError, match="prot"):
        gemulator.Emulator(prot=1)  # type: ignore[call-arg]
    with pytest.raises(gemulator.Unsatisfiable):
        gemulator.value_for({"type": "integer", "minimum": 1, "maximum": 0})
    with (
        gemulator.Emulator() as emulator,
        gemulator.Admin(emulator.url) as admin,
        pytest.raises(gemulator.AdminError, match="999"),
    ):
        admin.entry(999)
