"""JSON types of whole differences for the admin API."""

from typing import TypedDict


class TurnDiffView(TypedDict):
    """Whole differences of a request to a turn by condition, in lines that begin with `-` and `+`."""

    turn: str
    conditions: dict[str, str]


class DiffView(TypedDict):
    """Whole differences of a request to turns; `text` has all of them."""

    id: int
    turns: list[TurnDiffView]
    text: str
