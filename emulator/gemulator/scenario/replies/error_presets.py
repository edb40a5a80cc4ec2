"""The refusal that an author asks for, with what was left out in Google's own words."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemulator.core.plan import Failure
from gemulator.service.refusals import REFUSALS, default_for_status

NAMES = list(REFUSALS)


def known(name: str) -> str:
    """The name, if there is a refusal of it. ValueError: there is none."""
    if name not in REFUSALS:
        raise ValueError(f"{name!r} is no refusal; known: {', '.join(NAMES)}")
    return name


def refusal(
    error: int | str,
    message: str | None = None,
    code: str | None = None,
    details: Sequence[dict[str, Any]] | None = None,
    retry_after: float | None = None,
    values: Mapping[str, object] | None = None,
) -> Failure:
    """The refusal with this HTTP status, or of this name; `values` are what its words say of the request."""
    found = REFUSALS[error] if isinstance(error, str) else default_for_status(error)
    words = found.failure(values)
    status = found.status if isinstance(error, str) else error
    own_details = words.details if message is None and code is None else ()
    return Failure(
        status,
        code or words.code,
        message or words.message,
        own_details if details is None else tuple(details),
        retry_after,
    )
