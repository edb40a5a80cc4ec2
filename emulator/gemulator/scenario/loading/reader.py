"""Scenario parser: text to Scenario or ScenarioError."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.scenario.loading.includes import INCLUDE, USER_KEYS, Files, IncludeResolver
from gemulator.scenario.model import Scenario

_LARGEST_JSON = 100_000  # characters; larger texts may have more values than YAML allows
_MAX_PROBLEMS = 100  # of one scenario: each is explained, which takes a millisecond
_MAX_MESSAGE = 1_000  # characters

_KEY_ERRORS = frozenset({"extra_forbidden"})  # located at the key, not at its value


def read_scenario(text: str, file: Path, name: str, files: Files | None = None) -> Scenario:
    """Parse a scenario. Raises ScenarioError with all problems, each with line and remedy.

    `files` gives access to its folder; without it, the scenario can neither include nor send files.
    """
    resolver = IncludeResolver(yaml.read(text, file), files)
    try:
        return _validate(resolver, file, name, files)
    finally:
        resolver.close()


def _validate(resolver: IncludeResolver, file: Path, name: str, files: Files | None) -> Scenario:
    data = resolver.data
    if not isinstance(data, dict):
        remedy = "Start with `turns:` and a list of turns."
        problem = Problem(file, 1, 1, "", "a scenario must be a mapping with `turns:`", remedy)
        raise ScenarioError([*resolver.problems, problem])
    known = {problem.path for problem in resolver.problems}  # a value that cannot be read is no empty one
    unknown = (path for path in empty_paths(data) if yaml.dotted(path) not in known)
    empty = [_empty_problem(path, resolver) for path in islice(unknown, _MAX_PROBLEMS)]
    context = {"file": partial(files.content, beside=file)} if files else None
    try:
        scenario = Scenario.model_validate({"name": name, **data}, context=context)
    except ValidationError as error:
        reported = {problem.path for problem in empty}
        details = error.errors(include_url=False)
        found = [_problem(detail, resolver) for detail in details[:_MAX_PROBLEMS]]
        found = [problem for problem in found if problem.path not in reported]
        rest = _rest(len(details) - _MAX_PROBLEMS, file)
        raise ScenarioError([*_sort([*resolver.problems, *empty, *found]), *rest]) from None
    if resolver.problems or empty:
        raise ScenarioError(_sort([*resolver.problems, *empty]))
    return scenario.located_at(file, [resolver.position(("turns", index))[1] for index in range(len(scenario.turns))])


def read_json(text: str, file: Path, name: str) -> Scenario | None:
    """Parse a JSON scenario in a third of the time. Return None if it is invalid: `read_scenario` reports why."""
    try:
        data = orjson.loads(text) if len(text) < _LARGEST_JSON and INCLUDE not in text else None
        if not isinstance(data, dict) or not _is_complete(data):
            return None
        scenario = Scenario.model_validate({"name": name, **data})
    except (ValueError, TypeError):
        return None
    return scenario.located_at(file, [1] * len(scenario.turns))


def _is_complete(value: Any, depth: int = 0) -> bool:
    """Return True if no value is null and the nesting is within YAML's limit."""
    if isinstance(value, dict):
        return depth < yaml.DEEPEST and all(_is_complete(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return depth < yaml.DEEPEST and all(_is_complete(item, depth + 1) for item in value)
    return value is not None


def _sort(problems: Sequence[Problem]) -> Sequence[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.file), problem.line, problem.column))


def _rest(count: int, file: Path) -> Sequence[Problem]:
    return [Problem(file, 1, 1, "", f"and {count:,} more problems", "Correct the first ones.")] if count > 0 else ()


def _empty_problem(path: yaml.YamlPath, resolver: IncludeResolver) -> Problem:
    remedy = "Add a value, or remove the key. If the value is on the next line, indent it further."
    return Problem(*resolver.position(path, key=True), yaml.dotted(path), "this key has no value", remedy)


def empty_paths(value: Any, path: yaml.YamlPath = ()) -> Iterator[yaml.YamlPath]:
    """Yield the paths of keys without a value: a condition without one would match every request."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in USER_KEYS:
                yield from empty_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from empty_paths(item, (*path, index))


def _problem(detail: ErrorDetails, resolver: IncludeResolver) -> Problem:
    from gemulator.scenario.loading.messages import explain_error

    path = path_of(detail["loc"], resolver.data)
    file, line, column = resolver.position(path, key=detail["type"] in _KEY_ERRORS)
    message, remedy = (text[:_MAX_MESSAGE] for text in explain_error(detail, path, data=resolver.data))
    return Problem(file, line, column, yaml.dotted(path), message, remedy)


def path_of(loc: tuple[str | int, ...], data: Any) -> yaml.YamlPath:
    """Return the steps of `loc` that exist in the data, and a missing last step. Drops pydantic's union tags."""
    path: list[str | int] = []
    for position, step in enumerate(loc):
        exists = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if exists:
            data = data[step]
        if exists or (position == len(loc) - 1 and not str(step).startswith(("<", "["))):
            path.append(step)
    return tuple(path)
