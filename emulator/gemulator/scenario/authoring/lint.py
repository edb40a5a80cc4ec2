"""Lint: unreachable turns, invalid arguments, unusual literal replies, unused includes."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from gemulator.core.errors import Problem
from gemulator.core.json_types import JSON
from gemulator.scenario.authoring.condition_lint import lint_conditions
from gemulator.scenario.authoring.literal_lint import literal_faults
from gemulator.scenario.authoring.text_lint import lint_text
from gemulator.scenario.conditions.compare import Presence, TextFields, is_glob, text_matches
from gemulator.scenario.conditions.extractors import TextsExtractor
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.texts import squeeze
from gemulator.scenario.library import Library
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.replies import CallReply, LiteralReply, leaves
from gemulator.scenario.substring_index import SubstringIndex
from gemulator.scenario.templates.template import template_strings
from gemulator.scenario.turns import LocatedTurn

_MAX_FAULTS = 5  # of one literal reply


def lint(library: Library, folders: Sequence[Folder], tools: Mapping[str, JSON]) -> Iterator[Problem]:
    """Yield warnings. `tools` are the known schemas by tool name; without any, calls are not checked."""
    yield from unreachable_turns(library.located_turns)
    for located in library.located_turns:
        yield from _check_literals(located)
        yield from lint_conditions(located)
    if tools:
        for located in library.located_turns:
            yield from _check_calls(located, tools)
    for folder in folders:
        for _, file in folder.scenarios():
            yield from lint_text(file)
        if folder.path.is_dir():
            yield from _unused_includes(folder)


def _warning(located: LocatedTurn, message: str, remedy: str) -> Problem:
    scenario = located.scenario
    return Problem(
        scenario.file, scenario.line(located.number), 1, f"turns[{located.number - 1}]", message, remedy, warning=True
    )


def _unused_includes(folder: Folder) -> Iterator[Problem]:
    for piece in folder.include_files():
        if piece.resolve() not in folder.included:
            remedy = "Remove it, or rename it without `_` if it is a scenario."
            yield Problem(piece, 1, 1, "", "no scenario includes this file", remedy, warning=True)


# ---- literal replies


def _check_literals(located: LocatedTurn) -> Iterator[Problem]:
    for reply in leaves(located.turn.reply):
        if isinstance(reply, LiteralReply):
            for fault in islice(dict.fromkeys(literal_faults(reply)), _MAX_FAULTS):
                remedy = "It is sent as it is. Correct it, unless you want to test clients with it."
                yield _warning(located, f"no service would send this: `{reply.key}`: {fault}", remedy)


# ---- arguments


def _check_calls(located: LocatedTurn, tools: Mapping[str, JSON]) -> Iterator[Problem]:
    for call in leaves(located.turn.reply):
        if not isinstance(call, CallReply):
            continue
        if call.call not in tools:
            near = get_close_matches(call.call, tools, 1)
            remedy = f"Did you mean `{near[0]}`?" if near else f"Known tools: {', '.join(tools)}."
            yield _warning(located, f"unknown tool `{call.call}`", remedy)
        elif call.given is not None and not any(template_strings(call.given)):
            yield from _invalid_arguments(located, call.call, call.given, tools[call.call])


def _invalid_arguments(located: LocatedTurn, name: str, given: dict[str, JSON], schema: JSON) -> Iterator[Problem]:
    from gemulator.generate.json_schema import Unsatisfiable, value_for

    try:
        value_for(schema, given=given)
    except Unsatisfiable as error:
        remedy = "They are sent unchanged. To send invalid arguments on purpose, use `arguments:`."
        message = f"the arguments of `{name}` are invalid at {error.path or 'the root'} of its schema: {error.reason}"
        yield _warning(located, message, remedy)


# ---- unreachable turns


def unreachable_turns(turns: Sequence[LocatedTurn]) -> Iterator[Problem]:
    """Yield a warning for each turn that an earlier one hides."""
    index = SubstringIndex([tuple(located.required_literals()) for located in turns])
    for position, located in enumerate(turns):
        literals = {each.key: each.literals for each in located.required_literals()}
        before = (turns[at] for at in index.candidates_for_literals(literals) if at < position)
        first = next((other for other in before if _covers(other, located)), None)
        if first is not None:
            yield _hidden_turn(first, located)


def _hidden_turn(first: LocatedTurn, located: LocatedTurn) -> Problem:
    comes_first = f"{first} ({first.location}) comes first and matches all its requests"
    if first.scenario is not located.scenario and not first.turn.conditional:
        select = f"select its scenario: `x-emulator-scenario: {located.scenario.name}`"
        message = f"this turn answers only requests that {select}; for others, {comes_first}"
        return _warning(located, message, "Give one of the turns a `when`, or remove one.")
    remedy = "Move it before that turn, add a condition, or remove it."
    return _warning(located, f"this turn is never reached: {comes_first}", remedy)


def _covers(first: LocatedTurn, later: LocatedTurn) -> bool:
    """Return True if the first turn answers every request that the later one would."""
    if first.turn.times is not None or not first.turn.tool_names <= later.turn.tool_names:
        return False
    if first.turn.tool_names and later.turn.when.tool_result != first.turn.when.tool_result:
        return False  # one may stop matching before the other
    return implies(later.match, first.match)


def implies(narrow: Match, wide: Match) -> bool:
    """Return True if `wide` provably holds for every request for which `narrow` holds."""
    for name in wide.model_fields_set | ({"model"} if wide.model is not None else set()):
        test, wider = getattr(narrow, name), getattr(wide, name)
        if wider is None or test == wider:
            continue
        if test is None or not _test_implies(test, wider, _extractor_of(wide, name)):
            return False
    return True


def _extractor_of(match: Match, name: str) -> object:
    return next((extractor for key, _, extractor in match.conditions if key == name), None)


def _test_implies(narrow: Any, wide: Any, extractor: object) -> bool:
    if isinstance(narrow, dict) and isinstance(wide, dict):
        return all(key in narrow and narrow[key] == test for key, test in wide.items())
    if not isinstance(extractor, TextsExtractor):
        return False
    several = wide if isinstance(wide, list) else [wide]
    each = narrow if isinstance(narrow, list) else [narrow]
    return all(any(_text_implies(one, other, extractor.glob) for other in several) for one in each)


def _text_implies(narrow: Presence, wide: Presence, glob: bool) -> bool:
    if isinstance(narrow, bool) or isinstance(wide, bool) or isinstance(narrow, list) or isinstance(wide, list):
        return narrow == wide or wide is True
    if isinstance(narrow, TextFields) and narrow.equals is not None:
        return narrow == wide or (_is_lenient(wide) and text_matches(wide, narrow.equals, glob=glob))
    contained = _required_text(narrow, glob)
    required = _required_text(wide, glob) if isinstance(wide, str) or wide.model_fields_set == {"contains"} else None
    return narrow == wide or (contained is not None and required is not None and required in contained)


def _required_text(test: str | TextFields, glob: bool) -> str | None:
    """Return a case-folded text that every matching text contains; None if unknown."""
    text = test.contains if isinstance(test, TextFields) else None if glob and is_glob(test) else test
    return None if text is None else squeeze(text.casefold())


def _is_lenient(test: Presence) -> bool:
    """Return True if white space does not count: else a test may accept one of two equal texts alone."""
    return not (isinstance(test, TextFields) and test.exact)


def parse_tools(tree: JSON) -> Mapping[str, JSON]:
    """Return tool schemas by name from a request or a list of tools. Raises ValueError if there are none."""
    specs = tree.get("tools") or tree.get("functions") if isinstance(tree, dict) else tree
    found: dict[str, JSON] = {}
    for spec in specs if isinstance(specs, list) else []:
        function = spec.get("function", spec) if isinstance(spec, dict) else {}
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            found[function["name"]] = function.get("parameters") or {}
    if not found:
        raise ValueError("no tools found: give a request with `tools`, or a list of tools")
    return found


def tools_file(folder: Path) -> Path | None:
    """Return `_tools.json` of a scenario folder if it exists."""
    file = folder / "_tools.json"
    return file if file.is_file() else None
