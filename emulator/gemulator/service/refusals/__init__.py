"""Google's own words for every refusal, by name (wire-facts §6): rules and scenarios say the same."""

from collections.abc import Mapping

from gemulator.core.plan import Failure
from gemulator.service.refusals.bad_request import INVALID
from gemulator.service.refusals.other import OTHERS
from gemulator.service.refusals.refusal import Refusal

_ALL = (*INVALID, *OTHERS)

REFUSALS: Mapping[str, Refusal] = {refusal.name: refusal for refusal in _ALL}


def default_for_status(status: int) -> Refusal:
    """What a bare status means: its first refusal, or the nearest general one."""
    general = 500 if status >= 500 else 400
    return next(refusal for code in (status, general) for refusal in _ALL if refusal.status == code)


def refuse(name: str, /, *, at: str | None = None, **values: object) -> Failure:
    """The refusal `name` with its values; `at` is the path in the request that is to blame."""
    return REFUSALS[name].failure(values, at)
