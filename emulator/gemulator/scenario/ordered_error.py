"""Errors that headers and chaos order for any request."""

from functools import lru_cache
from pathlib import Path

import orjson

from gemulator.scenario.delivery_fields import parse_flow, validate
from gemulator.scenario.loading.reader import read_json
from gemulator.scenario.replies import ErrorReply
from gemulator.scenario.turns import LocatedTurn

CHAOS = "chaos"
"""Scenario that journal entries and headers name for an ordered error."""

_NONE = "none"


@lru_cache(maxsize=256)
def ordered_turn(line: str) -> LocatedTurn | None:
    """Return the turn with the error in `bad-token` or `429, retry_after: 2s`; None for `none`. Raises ValueError."""
    text = line.strip()
    if text == _NONE:
        return None
    reply = parse_flow(text if text.startswith("{") else f"error: {text}", "{}")
    try:
        validate(ErrorReply.model_validate, reply)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("error: ")) from None
    scenario = read_json(orjson.dumps({"turns": [{"reply": reply}]}).decode(), Path(CHAOS), CHAOS)
    if scenario is None:
        raise ValueError(f"{text[:100]!r} is not an error: use a status or a name, like `429, retry_after: 2s`")
    return LocatedTurn(scenario, 1, scenario.turns[0])
