"""Licences of the runtime dependencies, compared with those allowed."""

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.supply_chain.licences import ALLOWED, declared, licences_of
from tests.supply_chain.requirements import runtime_requirements


def test_runtime_dependencies_have_an_allowed_licence() -> None:
    found = licences_of(runtime_requirements())
    assert {"starlette", "anyio", "redis"} <= set(found)  # direct, indirect, of an extra
    others = {name: sorted(licences - ALLOWED) for name, licences in found.items() if licences - ALLOWED}
    assert not others, f"not allowed: {others}; replace the package, or allow the licence in {declared.__module__}"


@pytest.mark.parametrize(
    ("metadata", "licences"),
    [
        ("License-Expression: MPL-2.0 AND (Apache-2.0 OR MIT)", {"MPL-2.0", "Apache-2.0", "MIT"}),
        ("License: MIT", {"MIT"}),
        ("License: GPL-3.0", {"GPL-3.0"}),
        ("Classifier: License :: OSI Approved :: BSD License", {"BSD-3-Clause"}),
        (
            "Classifier: License :: OSI Approved :: GNU Affero General Public License v3",
            {"License :: OSI Approved :: GNU Affero General Public License v3"},
        ),
        ("Summary: nothing", {"no licence"}),
    ],
)
def test_declared_licence_is_read_from_the_metadata(tmp_path: Path, metadata: str, licences: set[str]) -> None:
    folder = tmp_path / "x-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{metadata}\n")
    assert declared(Distribution.at(folder)) == licences
