"""Public names of the package."""

from pathlib import Path

import pytest

import gemulator


@pytest.mark.parametrize("name", gemulator.__all__)
def test_public_name_can_be_imported(name: str) -> None:
    assert getattr(gemulator, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gemulator' has no attribute 'Sesion'"):
        _ = gemulator.Sesion


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
