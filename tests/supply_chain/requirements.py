"""Requirement files of `.ci/requirements`, made from pyproject.toml.

`python -m tests.supply_chain.requirements` writes them again: `lowest.txt` has the lower bounds, `runtime.txt` and
`build.txt` the newest versions that the bounds allow, with the hashes of their wheels. Resolving asks the package index
that pip is set up with; the files name none.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".ci" / "requirements"
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_MACHINES = ("x86_64", "aarch64")
_NEWEST_GLIBC, _OLDEST_GLIBC = 41, 5  # 2.x: the tags of wheels for Linux
# Dependencies of old Pythons that pip does not see on a newer one: name to marker.
CONDITIONAL = {"async-timeout": 'python_full_version < "3.11.3"'}
_HEADER = "# Made by `python -m tests.supply_chain.requirements`.\n"


def runtime_requirements() -> Sequence[str]:
    """Return the requirements of the product with all extras that users install."""
    extras = PROJECT["project"]["optional-dependencies"]
    return [*PROJECT["project"]["dependencies"], *extras["redis"], *extras["tokenizers"]]


def lowest() -> str:
    """Return a constraints file with the lower bound of every requirement."""
    pins = {name_of(requirement): lower_bound(requirement) for requirement in runtime_requirements()}
    return _HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def name_of(requirement: str) -> str:
    """Return the normalized name in a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return normalize(found[0])


def lower_bound(requirement: str) -> str:
    """Return the version after `>=` or `~=` in a requirement. AssertionError if it has none."""
    found = re.search(r"[>~]=\s*([0-9][^,;\s]*)", requirement)
    assert found, f"{requirement!r} has no lower bound: add one that the tests pass with"
    return found[1]


def normalize(name: str) -> str:
    """Return the name of a package in the form that compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(requirements: Iterable[str], conditional: Mapping[str, str]) -> str:
    """Return a requirements file with the newest allowed versions and the hashes of their wheels for Linux.

    `conditional` are further packages by name, with the marker of the environments that need them.
    """
    pins = [f"{name}=={version}" for name, version, _ in _resolve(["--ignore-installed", *requirements, *conditional])]
    hashes: dict[str, set[str]] = {pin: set() for pin in sorted(pins)}
    for target in _targets():
        for name, version, digest in _resolve(["--no-deps", "--only-binary=:all:", "--target=unused", *target, *pins]):
            hashes[f"{name}=={version}"].add(digest)
    lines = [_HEADER]
    for pin, found in hashes.items():
        marker = conditional.get(pin.partition("==")[0])
        start = f"{pin}; {marker}" if marker else pin
        lines.append(" \\\n    --hash=sha256:".join([start, *sorted(found)]) + "\n")
    return "".join(lines)


def _targets() -> Iterator[Sequence[str]]:
    """Yield pip's options for each kind of machine."""
    for machine in _MACHINES:
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)]
        tags += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]
        for python in _PYTHONS:
            yield ["--implementation=cp", f"--python-version={python}", *(f"--platform={tag}" for tag in tags)]


def _resolve(arguments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield name, version and SHA-256 of each file that `pip install` would use."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report=-", *arguments]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for item in report["install"]:
        metadata, archive = item["metadata"], item["download_info"]["archive_info"]
        yield normalize(metadata["name"]), metadata["version"], archive["hashes"]["sha256"]


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    product = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["redis"]]
    (FOLDER / "lowest.txt").write_text(lowest(), encoding="utf-8")
    (FOLDER / "runtime.txt").write_text(locked(product, CONDITIONAL), encoding="utf-8")
    (FOLDER / "build.txt").write_text(locked(PROJECT["build-system"]["requires"], {}), encoding="utf-8")


if __name__ == "__main__":
    main()
