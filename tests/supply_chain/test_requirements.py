"""Requirement files for image and CI, compared with pyproject.toml."""

import re
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement

from tests.supply_chain.requirements import (
    FOLDER,
    PROJECT,
    ROOT,
    lower_bound,
    lowest,
    name_of,
    normalize,
    runtime_requirements,
)

if not FOLDER.is_dir():
    pytest.skip("the installed package has no requirement files", allow_module_level=True)

AGAIN = "run: python -m tests.supply_chain.requirements"
LOCKS = ("runtime.txt", "build.txt")
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^;\s]+)(; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n")


def pins(file: str) -> dict[str, str]:
    """Return the locked versions by name."""
    return {found["name"]: found["version"] for found in PIN.finditer((FOLDER / file).read_text())}


def test_lowest_versions_are_those_of_the_project() -> None:
    assert (FOLDER / "lowest.txt").read_text() == lowest(), AGAIN


@pytest.mark.parametrize("requirement", runtime_requirements())
def test_every_dependency_has_a_lower_bound(requirement: str) -> None:
    assert Requirement(requirement).specifier.contains(lower_bound(requirement))


def test_dependency_without_a_lower_bound_is_named() -> None:
    with pytest.raises(AssertionError, match="'certifi' has no lower bound"):
        lower_bound("certifi")


def test_upper_bound_stands_only_where_internals_are_used() -> None:
    bounded = {name_of(one) for one in PROJECT["project"]["dependencies"] if "<" in one or "~=" in one}
    assert bounded == {"faker", "uvicorn"}


@pytest.mark.parametrize("file", LOCKS)
def test_lock_has_nothing_but_pins_with_hashes(file: str) -> None:
    text = (FOLDER / file).read_text()
    header, _, rest = text.partition("\n")
    assert header.startswith("#")
    assert PIN.sub("", rest) == ""  # no index, no URL, no package without a hash
    assert rest


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("runtime.txt", [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["redis"]]),
        ("build.txt", PROJECT["build-system"]["requires"]),
    ],
)
def test_lock_satisfies_the_project(file: str, wanted: list[str]) -> None:
    locked = pins(file)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[normalize(requirement.name)]), f"{requirement}: {AGAIN}"


@pytest.mark.parametrize("python", ["3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0"])
def test_lock_is_complete_on_every_python(python: str) -> None:
    locked = pins("runtime.txt")
    around = {"extra": "", "python_version": python.rpartition(".")[0], "python_full_version": python}
    for package in locked:
        try:
            needed = map(Requirement, requires(package) or ())
        except PackageNotFoundError:
            continue  # one of another Python
        names = {normalize(one.name) for one in needed if one.marker is None or one.marker.evaluate(around)}
        assert names <= set(locked), f"{package} needs {names - set(locked)}: {AGAIN}"


def test_image_installs_nothing_without_a_hash() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"pip (?:--python \S+ )?install [^&\n]*", text)
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-deps" in command
