"""From the text of a file to a Scenario, or to a list of problems that say how to mend it."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from emulator.errors import Problem, ScenarioError
from emulator.scenario import yaml
from emulator.scenario.match import Match, TextFields
from emulator.scenario.model import PacingFields, Scenario, Turn, UsageFields
from emulator.scenario.replies import ErrorReply, PartReply


def read_scenario(text: str, file: Path, name: str) -> Scenario:
    """The scenario in `text`. ScenarioError says all that is wrong with it, with line and remedy."""
    data, places = yaml.read(text, file)
    if not isinstance(data, dict):
        remedy = "Begin with `turns:` and a list of turns."
        raise ScenarioError([Problem(file, 1, 1, "", "a scenario is a mapping with `turns:`", remedy)])
    try:
        return Scenario.model_validate({"name": name, **data})
    except ValidationError as error:
        problems = [_problem(detail, data, places, file) for detail in error.errors(include_url=False)]
        raise ScenarioError(sorted(set(problems), key=lambda problem: (problem.line, problem.column))) from None


def _problem(detail: ErrorDetails, data: Any, places: yaml.Places, file: Path) -> Problem:
    path = _path(detail["loc"], data)
    known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in places), ())
    line, column = places.get(known, (1, 1))
    message, remedy = _words(detail, path)
    return Problem(file, line, column, yaml.dotted(path), message, remedy)


def _path(loc: tuple[str | int, ...], data: Any) -> yaml.Path_:
    """The steps of `loc` that are in the data, and a missing last one: pydantic adds the tags of its unions."""
    path: list[str | int] = []
    for position, step in enumerate(loc):
        inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if inside:
            data = data[step]
        if inside or (position == len(loc) - 1 and not str(step).startswith("<")):
            path.append(step)
    return tuple(path)


_TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _words(detail: ErrorDetails, path: yaml.Path_) -> tuple[str, str]:
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return f"unknown key `{path[-1]}`", _nearest(str(path[-1]))
    if kind == "missing":
        return f"`{path[-1]}` is missing", f"Add `{path[-1]}:`."
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        keys = ", ".join(kind.key for kind in get_args(PartReply))
        return "this is no reply part", f"A part has one of the keys {keys}, or error."
    if kind in _TYPES:
        remedy = "Quote it to make it a text." if kind == "string_type" and not isinstance(given, dict | list) else ""
        return f"expected {_TYPES[kind]}, found {given!r}", remedy
    return detail["msg"].removeprefix("Value error, "), ""


def _nearest(key: str) -> str:
    models = (Scenario, Turn, Match, TextFields, UsageFields, PacingFields, ErrorReply, *get_args(PartReply))
    known = [field.alias or name for model in models for name, field in model.model_fields.items()]
    near = get_close_matches(key, dict.fromkeys(known), 1)
    return f"Did you mean `{near[0]}`?" if near else ""
