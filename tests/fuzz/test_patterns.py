"""Regular expressions of the package take steps in proportion to the text."""

import ast
import importlib
import pkgutil
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

import gemulator
from gemulator.generate.text.languages.language import Language
from tests.fuzz.regex_steps import Steps, TooManySteps, hostile_texts

ANCHORED = {"gemulator.core.located_yaml._RESOLVERS"}  # PyYAML matches them at the start of a value
STEPS_PER_LETTER = 2_000  # a constant: repetitions with bounds, such as {0,40}, multiply
SIZES = (32, 64, 128, 256, 512, 1_024)
MOST_TEXTS = 120  # of a pattern
GROWTH = 2.2  # of the steps if the text doubles
Pattern = re.Pattern[Any]
Result = TypeVar("Result")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(gemulator.__path__, "gemulator."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def source_of(module: ModuleType) -> str:
    return Path(module.__file__ or "").read_text(encoding="utf-8")


def nested(value: Any, depth: int = 5) -> Iterator[Pattern]:
    """Yield the patterns of a global, in collections and fields too."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Language):
        yield from (re.compile(wish) for wish in value.wishes.values())
    elif depth and isinstance(value, dict | list | tuple | set | frozenset):
        for member in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from nested(member, depth - 1)
    elif depth and type(value).__module__.startswith("gemulator.") and hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            yield from nested(getattr(value, name), depth - 1)


def source_text(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return the value of a literal; local values in an f-string are the letter x."""
    if isinstance(node, ast.JoinedStr):
        return "".join(source_text(part, names) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return str(names.get(ast.unparse(node.value), "x"))
    assert isinstance(node, ast.Constant)
    return node.value


def inside_functions(module: ModuleType) -> Iterator[tuple[str, Pattern, bool]]:
    """Yield the patterns written in calls such as `re.sub(r"a+", ...)`."""
    tree = ast.parse(source_of(module))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr not in ("escape", "Pattern")
            and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        ):
            flags = [eval(ast.unparse(word.value), {"re": re}) for word in node.keywords if word.arg == "flags"]
            source = source_text(node.args[0], vars(module))
            yield f"line {node.lineno}", re.compile(source, *flags), node.func.attr in ("match", "fullmatch")


def patterns() -> dict[tuple[Any, int], tuple[str, Pattern, bool]]:
    """Return each pattern with its place, and True if it is only matched at one position."""
    found: dict[tuple[Any, int], tuple[str, Pattern, bool]] = {}
    for module in modules():
        source = source_of(module)
        for name, value in vars(module).items():
            for pattern in nested(value) if not name.startswith("__") else ():
                uses = re.findall(rf"(?:\w+\.)*(?:match\({name}\)|\b{name}\b(?:\.\w+|(?! = re)))", source)
                place = f"{module.__name__}.{name}"
                only_matched = all(re.search(r"\bmatch\(|\.(?:full)?match$", use) for use in uses)
                anchored = place in ANCHORED or (bool(uses) and only_matched)
                key = (pattern.pattern, pattern.flags)
                anchored = anchored and found.get(key, ("", pattern, True))[2]
                found[key] = place, pattern, anchored
        for place, pattern, anchored in inside_functions(module):
            found.setdefault((pattern.pattern, pattern.flags), (f"{module.__name__}, {place}", pattern, anchored))
    return found


def grows_linearly(steps: Steps, make: Any, *, anchored: bool) -> bool:
    """Return True if the steps at most double with the text, at the latest where bounded repetitions are used up."""
    before = None
    for size in SIZES:
        text = make(size)
        try:
            after = steps.count(text, STEPS_PER_LETTER * len(text), anchored=anchored)
        except TooManySteps:
            return False
        if before is not None and after <= GROWTH * before:
            return True
        before = after
    return False


def problems() -> Iterator[str]:
    for place, pattern, anchored in patterns().values():
        steps = Steps(pattern)
        texts = [*hostile_texts(steps)]
        for make in texts[:: 1 + len(texts) // MOST_TEXTS]:
            if not grows_linearly(steps, make, anchored=anchored):
                yield f"{place}: {pattern.pattern!r} on {make(3)!r}, ..."
                break


def deeply(work: Callable[[], Result]) -> Result:
    """Return the result of `work`, called with room for the recursion of the engine."""
    limit, size = sys.getrecursionlimit(), threading.stack_size(2**29)
    sys.setrecursionlimit(200_000)
    try:
        with ThreadPoolExecutor(1) as executor:
            return executor.submit(work).result()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)


@pytest.mark.slow
def test_patterns_of_the_package_are_linear() -> None:
    assert len(patterns()) > 200
    assert deeply(lambda: [*problems()]) == []


@pytest.mark.parametrize("pattern", [r"\s+$", r"(a*)*b", r"a*a*b", r"(?:a|a)+b", r'"(?:\\.|[^"])*"'])
def test_patterns_that_backtrack_are_found(pattern: str) -> None:
    steps = Steps(re.compile(pattern))
    assert not deeply(lambda: all(grows_linearly(steps, make, anchored=False) for make in hostile_texts(steps)))


@pytest.mark.parametrize("pattern", [r"(\w+?)(?:, |$)", r"(?<!a)b{2,3}+c?", r"(?i:é|É)*(?=x)x", r"(a|ab)(c|bcd)(d*)\b"])
def test_the_engine_matches_as_re_does(pattern: str) -> None:
    compiled = re.compile(pattern)
    steps = Steps(compiled)
    texts = ["abcd abbc, xx", "ÉéÉx bbbc, a", "w, w$ abcdd abbbb", *(make(4) for make in hostile_texts(steps))]
    for text in texts:
        assert steps.spans(text) == [match.span() for match in compiled.finditer(text)]
