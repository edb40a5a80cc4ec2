"""Preset errors by status or name."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemulator.core.plan import Failure
from gemulator.service.refusals import REFUSALS, Refusal, default_for_status

NAMES = list(REFUSALS)


def validate_name(name: str) -> str:
    """Return the name. Raises ValueError if no preset has it."""
    if name not in REFUSALS:
        from difflib import get_close_matches

        near = get_close_matches(name, NAMES, 1)
        advice = f"did you mean {near[0]}?" if near else f"use an HTTP status, or one of {', '.join(NAMES)}"
        raise ValueError(f"{name!r} is not a preset error: {advice}")
    return name


def preset_of(error: int | str) -> Refusal:
    """Return the preset of an HTTP status or name."""
    return REFUSALS[error] if isinstance(error, str) else default_for_status(error)


def refusal(
    error: int | str,
    message: str | None = None,
    code: str | None = None,
    details: Sequence[dict[str, Any]] | None = None,
    retry_after: float | None = None,
    values: Mapping[str, object] | None = None,
    field: str | None = None,
) -> Failure:
    """Return the failure for an HTTP status or preset name; `values` fill the placeholders of its message.

    `field` is the path of the invalid field, which the details name.
    """
    preset = preset_of(error)
    failure = preset.failure(values, field)
    status = preset.status if isinstance(error, str) else error
    default_details = failure.details if message is None and code is None else ()
    return Failure(
        status,
        failure.code if code is None else code,
        failure.message if message is None else message,
        default_details if details is None else tuple(details),
        retry_after,
        field,
    )
