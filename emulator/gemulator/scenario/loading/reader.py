"""From the text of a file to a Scenario, or to a list of problems that say how to mend it."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.scenario.loading.includes import FREE, INCLUDE, Files, IncludeResolver
from gemulator.scenario.model import Scenario

_PLAIN = frozenset({"extra_forbidden"})  # problems of a key, not of its value


def read_scenario(text: str, file: Path, name: str, files: Files | None = None) -> Scenario:
    """The scenario in `text`. ScenarioError says all that is wrong with it, with line and remedy.

    `files` are those of its folder; without them it cannot include a piece or send a file.
    """
    document = yaml.read(text, file)
    assembly = IncludeResolver(document, files)
    data = assembly.data
    if not isinstance(data, dict):
        remedy = "Begin with `turns:` and a list of turns."
        problem = Problem(file, 1, 1, "", "a scenario is a mapping with `turns:`", remedy)
        raise ScenarioError([*assembly.problems, problem])
    empty = [_empty(path, assembly) for path in empty_paths(data)]
    context = {"file": partial(files.content, beside=file)} if files else None
    try:
        scenario = Scenario.model_validate({"name": name, **data}, context=context)
    except ValidationError as error:
        said = {problem.path for problem in empty}
        found = [_problem(detail, assembly) for detail in error.errors(include_url=False)]
        found = [problem for problem in found if problem.path not in said]
        raise ScenarioError(_in_order([*assembly.problems, *empty, *found])) from None
    if assembly.problems or empty:
        raise ScenarioError(_in_order([*assembly.problems, *empty]))
    return scenario.located_at(file, [assembly.place(("turns", index))[1] for index in range(len(scenario.turns))])


def read_json(text: str, file: Path, name: str) -> Scenario | None:
    """The scenario in a JSON text, in a third of the time; None: let `read_scenario` say what is wrong with it."""
    try:
        data = orjson.loads(text) if len(text) < yaml.LARGEST and INCLUDE not in text else None
        if not isinstance(data, dict) or not _given(data):
            return None
        scenario = Scenario.model_validate({"name": name, **data})
    except (ValueError, TypeError):
        return None
    return scenario.located_at(file, [1] * len(scenario.turns))


def _given(value: Any, depth: int = 0) -> bool:
    """Whether nothing in it lacks a value, or is nested more deeply than YAML may be."""
    if isinstance(value, dict):
        return depth < yaml.DEEPEST and all(_given(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return depth < yaml.DEEPEST and all(_given(item, depth + 1) for item in value)
    return value is not None


def _in_order(problems: Sequence[Problem]) -> Sequence[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.file), problem.line, problem.column))


def _empty(path: yaml.YamlPath, assembly: IncludeResolver) -> Problem:
    remedy = "Give it a value, or remove the key. If its value stands below, indent that further."
    return Problem(*assembly.place(path, key=True), yaml.dotted(path), "nothing is given here", remedy)


def empty_paths(value: Any, path: yaml.YamlPath = ()) -> Iterator[yaml.YamlPath]:
    """Where keys have no value: a condition that was forgotten would hold for everything."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in FREE:
                yield from empty_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from empty_paths(item, (*path, index))


def _problem(detail: ErrorDetails, assembly: IncludeResolver) -> Problem:
    from gemulator.scenario.loading.messages import explain_error

    path = path_of(detail["loc"], assembly.data)
    file, line, column = assembly.place(path, key=detail["type"] in _PLAIN)
    message, remedy = explain_error(detail, path)
    return Problem(file, line, column, yaml.dotted(path), message, remedy)


def path_of(loc: tuple[str | int, ...], data: Any) -> yaml.YamlPath:
    """The steps of `loc` that are in the data, and a missing last one: pydantic adds the tags of its unions."""
    path: list[str | int] = []
    for position, step in enumerate(loc):
        inside = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if inside:
            data = data[step]
        if inside or (position == len(loc) - 1 and not str(step).startswith(("<", "["))):
            path.append(step)
    return tuple(path)
