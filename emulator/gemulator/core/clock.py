"""Clock type, real clock and parser of a frozen time."""

import time
from collections.abc import Callable

Clock = Callable[[], float]

UTC: Clock = time.time
"""The real clock, for tokens and certificates. Never frozen."""


CLOCK_END = 2**32  # ids hold 32 bits of seconds


def parse_clock(clock: str) -> float | None:
    """Return the Unix seconds of a frozen clock, or None for `real`.

    Raises ValueError if the text is not a time or does not fit an id.
    """
    if clock == "real":
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(clock)
    except ValueError:
        raise ValueError(
            f"{clock!r} is not a time: write `real` or an ISO 8601 time such as 2026-02-11T22:54:21Z"
        ) from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < CLOCK_END:
        raise ValueError(f"{clock!r} is out of range: write a time from 1970-01-01 to 2106-02-07")
    return seconds


def rfc_3339(at: float) -> str:
    """Return the time of Unix seconds in UTC, like `2026-02-11T22:54:21.000+00:00`."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
