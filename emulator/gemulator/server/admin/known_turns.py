"""Refusal of expectations for turns that do not exist, which no request could meet."""

from collections.abc import Mapping
from difflib import get_close_matches

from gemulator.scenario.library import Library
from gemulator.scenario.ordered_error import CHAOS
from gemulator.server.admin.expectations import Expectations, ExpectedRequest
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.store import ENDED_SCENARIO, Tally


def require_turns(expected: Expectations, library: Library, tally: Tally) -> None:
    """Raise AdminHTTPError for a scenario or a turn that neither exists nor has answered."""
    known = {scenario.name: len(scenario.turns) for scenario in library.scenarios}
    known |= {CHAOS: 1, ENDED_SCENARIO: 1}
    for name in tally.answers:  # scenarios that were withdrawn
        scenario, slash, number = name.rpartition("/")
        if slash:
            known[scenario] = max(known.get(scenario, 0), int(number))
    for field, items in (("entries", expected.entries), ("order", expected.order)):
        for index, wanted in enumerate(items):
            _require_turn(f"{field}[{index}]", wanted, known)


def _require_turn(where: str, wanted: ExpectedRequest, known: Mapping[str, int]) -> None:
    name, number = wanted.scenario, wanted.turn
    if name is not None and name not in known:
        near = get_close_matches(name, known, 1)
        remedy = f"Did you mean {near[0]!r}?" if near else "GET /__emulator/scenarios lists the available scenarios."
        raise AdminHTTPError(422, "no_such_scenario", f"{where}.scenario: unknown scenario {name!r}", remedy)
    if name is not None and number is not None and number > known[name]:
        turns = "1 turn" if known[name] == 1 else f"{known[name]} turns"
        message = f"{where}.turn: the scenario {name!r} has {turns}, not {number}"
        raise AdminHTTPError(422, "no_such_turn", message, f"Use a number from 1 to {known[name]}.")
