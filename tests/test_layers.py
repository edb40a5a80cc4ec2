"""Imports go down the layer table of docs/architecture.md, and never in a circle."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gemulator

PACKAGE = Path(gemulator.__file__).parent

# Lowest first. Packages of one row do not import each other.
ROWS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("generate", "delivery"),
    ("request",),
    ("service",),
    ("scenario", "dialects", "state"),
    ("engine",),
    ("record",),
    ("server",),
    ("client",),
    ("cli",),
    ("__main__",),
)
LEVEL = {package: level for level, row in enumerate(ROWS) for package in row}
EDGE = {"server"}  # where Starlette and uvicorn are imported


def modules() -> dict[str, Path]:
    """Each module of the package by its name below `gemulator`; the package itself is `__init__`."""
    out = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = file
    return out


MODULES = modules()


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def imported(file: Path, *, eager: bool = False) -> Iterator[str]:
    """The modules of the package that a file imports; `eager`: only those that importing it imports."""
    tree = parse(file)
    for node in ast.walk(tree) if not eager else _at_import(tree.body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gemulator":
            base = (node.module or "").removeprefix("gemulator").lstrip(".")
            for alias in node.names:
                name = f"{base}.{alias.name}".lstrip(".")
                yield name if name in MODULES else base or "__init__"
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("gemulator.") for alias in node.names if alias.name.startswith("gemulator.")
            )


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node


def package(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def allowed(importer: str, target: str) -> bool:
    here, there = package(importer), package(target)
    return here == there or LEVEL[there] < LEVEL[here]


@pytest.mark.parametrize(("module", "file"), MODULES.items(), ids=list(MODULES))
def test_a_module_imports_from_lower_rows_only(module: str, file: Path) -> None:
    if module == "__init__":  # hands out the public names, lazily
        return
    assert package(module) in LEVEL, f"gemulator.{module} is in no package of the table"
    wrong = [target for target in imported(file) if not allowed(module, target)]
    assert not wrong, f"gemulator.{module} imports from its own or a higher row: {wrong}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: {target for target in imported(file) if target != name} for name, file in MODULES.items()}
    del graph["__init__"]
    while leaves := [name for name, targets in graph.items() if not targets & set(graph)]:
        for name in leaves:
            del graph[name]
    assert not graph, f"in circles, or above one: {sorted(graph)}"


def test_table_of_the_architecture_page_has_these_rows() -> None:
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text()
    cells = re.findall(r"^\| (\d+) \| (.+?) \|", page.partition("## Layers")[2].partition("\n## ")[0], re.MULTILINE)
    rows = {int(number): set(re.findall(r"`(\w+)`", packages)) for number, packages in cells}
    assert rows == {number: set(row) for number, row in enumerate(ROWS, 1)}


def test_starlette_and_uvicorn_are_imported_at_the_edge_only() -> None:
    edge = ("from starlette", "import starlette", "from uvicorn", "import uvicorn")
    users = {package(name) for name, file in MODULES.items() if any(line in file.read_text() for line in edge)}
    assert users == EDGE


@pytest.mark.parametrize(
    ("importer", "target", "fits"),
    [
        ("engine.engine", "server.chat", False),
        ("server.chat", "engine.engine", True),
        ("dialects.gemini", "scenario.model", False),
        ("dialects.gemini", "dialects.vllm", True),
    ],
)
def test_the_table_itself(importer: str, target: str, fits: bool) -> None:
    assert allowed(importer, target) is fits
