"""Imports point down the table of docs/architecture.md, and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import emulator

PACKAGE = Path(emulator.__file__).parent

# Row by row, lowest first. Within rows 0 and 6 a module may import those to its left.
ROWS: tuple[tuple[str, ...], ...] = (
    (
        "settings",
        "options",
        "duration",
        "share",
        "seed",
        "tokens",
        "misfit",
        "plan",
        "refusals",
        "errors",
        "message",
        "request",
        "parsed",
        "reading",
        "delivery",
        "redaction",
        "journal",
    ),
    (
        "generate",
        "splice",
        "paced",
        "pacing",
        "faults",
        "schedule",
        "verdict",
        "quotas",
        "conversation",
        "voice",
        "decoding",
        "catalog",
        "media",
        "accounting",
        "grounding",
        "views",
        "har",
    ),
    ("dialects", "scenario", "rules"),
    ("stores.store", "stores.codec", "scenario.folder", "scenario.library", "scenario.advice"),
    (
        "shelf",
        "marks",
        "chaos",
        "gate",
        "rendering",
        "kept",
        "preparation",
        "standing",
        "wording",
        "explanation",
        "engine",
    ),
    ("stores", "web"),
    (
        "app",
        "listening",
        "addresses",
        "connections",
        "client",
        "clients",
        "stubs",
        "loaded",
        "opening",
        "recorded",
        "shortfall",
        "session",
        "indoors",
        "server",
        "wanted",
        "elsewhere",
        "fixture",
    ),
    ("cli", "__main__", "pytest_plugin"),
)
ORDERED = {0, 1, 3, 4, 6, 7}
FREE = {"__init__", "stores"}  # the lazy front door, and a package docstring


def place(module: str) -> tuple[int, int, str] | None:
    """Row, column and group of a module; the longest name in the table wins."""
    found = [
        (len(name), (row, column, name))
        for row, names in enumerate(ROWS)
        for column, name in enumerate(names)
        if module == name or module.startswith(name + ".")
    ]
    return max(found)[1] if found else None


def modules() -> dict[str, Path]:
    out = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = file
    return out


def imported(file: Path) -> Iterator[str]:
    known = modules()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "emulator":
            base = (node.module or "").removeprefix("emulator").lstrip(".")
            for alias in node.names:
                name = f"{base}.{alias.name}".lstrip(".")
                yield name if name in known else base or "__init__"
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("emulator.") for alias in node.names if alias.name.startswith("emulator.")
            )


def allowed(importer: str, target: str) -> bool:
    here, there = place(importer), place(target)
    if target in FREE:
        return True
    assert here is not None
    assert there is not None, f"emulator.{target} is not in the table"
    same_folder = here[2] == there[2]
    left = here[0] == there[0] and here[0] in ORDERED and there[1] < here[1]
    return same_folder or there[0] < here[0] or left


@pytest.mark.parametrize(("module", "file"), modules().items(), ids=list(modules()))
def test_a_module_imports_from_lower_rows_only(module: str, file: Path) -> None:
    if module in FREE:
        return
    assert place(module) is not None, f"emulator.{module} is not in the table: add it to a row"
    wrong = [target for target in imported(file) if not allowed(module, target)]
    assert not wrong, f"emulator.{module} imports from its own or a higher row: {wrong}"


def test_starlette_is_imported_at_the_edge_only() -> None:
    users = {name for name, file in modules().items() if "from starlette" in file.read_text()}
    assert {name for name in users if not name.startswith("web.")} == {"app"}


@pytest.mark.parametrize(
    ("importer", "target", "fits"),
    [("engine", "web.chat", False), ("web.chat", "engine", True), ("dialects.gemini", "scenario.model", False)],
)
def test_the_table_itself(importer: str, target: str, fits: bool) -> None:
    assert allowed(importer, target) is fits
