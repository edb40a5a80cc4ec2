"""What works but is hardly meant: turns that are never reached, arguments that fit no tool, pieces nobody includes."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gemulator.core.errors import Problem
from gemulator.core.json_types import JSON
from gemulator.scenario.conditions.compare import Presence, TextFields, holds, is_glob
from gemulator.scenario.conditions.extractors import TextsExtractor
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.library import Library
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.replies import CallReply, leaves
from gemulator.scenario.substring_index import Index
from gemulator.scenario.templates.template import strings
from gemulator.scenario.turns import LocatedTurn


def lint(library: Library, folders: Sequence[Folder], tools: Mapping[str, JSON]) -> Iterator[Problem]:
    """Warnings. `tools` are the schemas of known tools by name; with none, calls are not looked at."""
    yield from _shadowed(library.located_turns)
    if tools:
        for place in library.located_turns:
            yield from _calls(place, tools)
    for folder in folders:
        if folder.path.is_dir():
            yield from _unused(folder)


def _warning(place: LocatedTurn, message: str, remedy: str) -> Problem:
    scenario = place.scenario
    return Problem(
        scenario.file, scenario.line(place.number), 1, f"turns[{place.number - 1}]", message, remedy, warning=True
    )


def _unused(folder: Folder) -> Iterator[Problem]:
    for piece in folder.pieces():
        if piece.resolve() not in folder.included:
            remedy = "Remove it, or name it without `_` if it is a scenario."
            yield Problem(piece, 1, 1, "", "no scenario includes this piece", remedy, warning=True)


# ---- arguments


def _calls(place: LocatedTurn, tools: Mapping[str, JSON]) -> Iterator[Problem]:
    for call in leaves(place.turn.reply):
        if not isinstance(call, CallReply):
            continue
        if call.call not in tools:
            near = get_close_matches(call.call, tools, 1)
            remedy = f"Did you mean `{near[0]}`?" if near else f"There are {', '.join(tools)}."
            yield _warning(place, f"there is no tool `{call.call}`", remedy)
        elif call.given is not None and not any(strings(call.given)):
            yield from _unfit(place, call.call, call.given, tools[call.call])


def _unfit(place: LocatedTurn, name: str, given: dict[str, JSON], schema: JSON) -> Iterator[Problem]:
    from gemulator.generate.json_schema import Unsatisfiable, value_for

    try:
        value_for(schema, given=given)
    except Unsatisfiable as error:
        remedy = "It is sent as it is written. For broken arguments on purpose use `arguments:`."
        message = f"the `with` of `{name}` does not fit its schema at {error.path or 'its root'}: {error.reason}"
        yield _warning(place, message, remedy)


# ---- turns that are never reached


def _shadowed(places: Sequence[LocatedTurn]) -> Iterator[Problem]:
    index = Index([tuple(place.needs()) for place in places])
    for position, place in enumerate(places):
        literals = {need.key: need.literals for need in place.needs()}
        before = (places[at] for at in index.within(literals) if at < position)
        first = next((other for other in before if _covers(other, place)), None)
        if first is not None:
            message = f"this turn is never reached: {first} ({first.where}) fits whatever it fits, and comes first"
            yield _warning(place, message, "Put it before that turn, give it a further condition, or remove it.")


def _covers(first: LocatedTurn, later: LocatedTurn) -> bool:
    """Whether the first answers, for ever, all that the later would."""
    if first.turn.times is not None or not first.turn.called <= later.turn.called:
        return False
    if not first.turn.conditional and first.scenario is not later.scenario:
        return False  # a request may name the later one's scenario
    if first.turn.called and later.turn.when.tool_result != first.turn.when.tool_result:
        return False  # one of them may be spent before the other
    return implies(later.match, first.match)


def implies(narrow: Match, wide: Match) -> bool:
    """Whether `wide` holds wherever `narrow` does, as far as can be told: False where it cannot."""
    for name in wide.model_fields_set | ({"model"} if wide.model is not None else set()):
        one, other = getattr(narrow, name), getattr(wide, name)
        if other is None or one == other:
            continue
        if one is None or not _test_implies(one, other, _reads(wide, name)):
            return False
    return True


def _reads(match: Match, name: str) -> object:
    return next((reads for own, _, reads in match.conditions if own == name), None)


def _test_implies(narrow: Any, wide: Any, reads: object) -> bool:
    if isinstance(narrow, dict) and isinstance(wide, dict):
        return all(key in narrow and narrow[key] == test for key, test in wide.items())
    if not isinstance(reads, TextsExtractor):
        return False
    several = wide if isinstance(wide, list) else [wide]
    each = narrow if isinstance(narrow, list) else [narrow]
    return all(any(_text_implies(one, other, reads.glob) for other in several) for one in each)


def _text_implies(narrow: Presence, wide: Presence, glob: bool) -> bool:
    if isinstance(narrow, bool) or isinstance(wide, bool) or isinstance(narrow, list) or isinstance(wide, list):
        return narrow == wide or wide is True
    if isinstance(narrow, TextFields) and narrow.equals is not None:
        return holds(wide, narrow.equals, glob=glob)
    contained = _contained(narrow, glob)
    sought = _contained(wide, glob) if isinstance(wide, str) or wide.model_fields_set == {"contains"} else None
    return narrow == wide or (contained is not None and sought is not None and sought in contained)


def _contained(test: str | TextFields, glob: bool) -> str | None:
    """A text that must be in what passes, case-folded."""
    text = test.contains if isinstance(test, TextFields) else None if glob and is_glob(test) else test
    return None if text is None else text.casefold()


def tools_in(tree: JSON) -> Mapping[str, JSON]:
    """The schemas of the tools in a request, or in a list of tools, by name. ValueError where there are none."""
    specs = tree.get("tools") or tree.get("functions") if isinstance(tree, dict) else tree
    found: dict[str, JSON] = {}
    for spec in specs if isinstance(specs, list) else []:
        function = spec.get("function", spec) if isinstance(spec, dict) else {}
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            found[function["name"]] = function.get("parameters") or {}
    if not found:
        raise ValueError("there are no tools in it: it is a request with `tools`, or a list of tools")
    return found


def tools_file(folder: Path) -> Path | None:
    """`_tools.json` of a scenario folder, if there."""
    file = folder / "_tools.json"
    return file if file.is_file() else None
