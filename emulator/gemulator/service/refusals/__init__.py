"""Google's refusals by name (fidelity.md, §6), for rules and scenarios."""

from collections.abc import Mapping

from gemulator.core.plan import Failure
from gemulator.service.refusals.bad_request import INVALID
from gemulator.service.refusals.other import OTHERS
from gemulator.service.refusals.refusal import Refusal

_ALL = (*INVALID, *OTHERS)

REFUSALS: Mapping[str, Refusal] = {refusal.name: refusal for refusal in _ALL}


def default_for_status(status: int) -> Refusal:
    """Return the first refusal with a status, or with the general 400 or 500."""
    general = 500 if status >= 500 else 400
    return next(refusal for code in (status, general) for refusal in _ALL if refusal.status == code)


def refuse(name: str, /, *, at: str | None = None, **values: object) -> Failure:
    """Return the refusal `name` with its values; `at` is the path of the invalid field in the request."""
    return REFUSALS[name].failure(values, at)
