"""Lint of recordings: the app that they were made with has changed."""

from collections.abc import Iterator, Mapping, Sequence

from gemulator.core.errors import Problem
from gemulator.core.json_types import JSON
from gemulator.scenario.recorded import system_digest, tools_digest
from gemulator.scenario.turns import LocatedTurn

_REMEDY = "Record again. If the answers hold for the change, remove the digest below `recorded`."


def system_text(tree: JSON) -> str | None:
    """Return the system text of a request, None if the JSON is no request with messages."""
    messages = tree.get("messages") if isinstance(tree, dict) else None
    if not isinstance(messages, list):
        return None
    found = [one for one in messages if isinstance(one, dict) and one.get("role") in ("system", "developer")]
    contents = (one.get("content") for one in found)
    return "\n".join(text for text in contents if isinstance(text, str))


def lint_recorded(turns: Sequence[LocatedTurn], tools: Mapping[str, JSON], system: str | None) -> Iterator[Problem]:
    """Yield a warning for each file whose recorded system text or tools differ from the given ones.

    Without tools, or with None as system text, that part is not compared.
    """
    now = {"tools": tools_digest(tools) if tools else None, "system": system_digest(system) if system else None}
    seen: set[tuple[str, str, str]] = set()
    for located in turns:
        recorded = located.turn.recorded or located.scenario.recorded
        for name, digest in now.items():
            before = getattr(recorded, name, None)
            if digest is None or before is None or before == digest:
                continue
            key = (located.scenario.name, name, before)
            if key not in seen:
                seen.add(key)
                yield _drift(located, name, before, digest)


def _drift(located: LocatedTurn, name: str, before: str, now: str) -> Problem:
    scenario = located.scenario
    what = "tools differ" if name == "tools" else "system text differs"
    message = f"the {what} from those of the recording ({now} instead of {before})"
    path = f"turns[{located.number - 1}]"
    return Problem(scenario.file, scenario.line(located.number), 1, path, message, _REMEDY, warning=True)
