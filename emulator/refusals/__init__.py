"""Google's own words for every refusal, by name (wire-facts §6): rules and scenarios say the same."""

from collections.abc import Mapping
from typing import Any

import orjson

from emulator.plan import Failure
from emulator.refusals.invalid import INVALID
from emulator.refusals.others import OTHERS
from emulator.refusals.refusal import Refusal

_ALL = (*INVALID, *OTHERS)

REFUSALS: Mapping[str, Refusal] = {refusal.name: refusal for refusal in _ALL}


def usual(status: int) -> Refusal:
    """What a bare status means: its first refusal, or the nearest general one."""
    general = 500 if status >= 500 else 400
    return next(refusal for code in (status, general) for refusal in _ALL if refusal.status == code)


def refused(name: str, /, *, at: str | None = None, **values: object) -> Failure:
    """The refusal `name` with its values; `at` is the path in the request that is to blame."""
    return REFUSALS[name].failure(values, at)


def shown(value: Any) -> str:
    """A value of a request as refusals quote it: a text in its quotes, anything else as JSON."""
    return f"'{value}'" if isinstance(value, str) else orjson.dumps(value).decode()[:80]
