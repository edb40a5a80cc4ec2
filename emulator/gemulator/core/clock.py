"""."""

import time
from collections.abc import Callable

Clock = Callable[[], float]

UTC: Clock = time.time
"""What tokens and certificates are dated by: never frozen."""


_END = 2**32  # ids have 32 bits for the seconds


def parse_clock(clock: str) -> float | None:
    """The Unix seconds at which the clock stands still; None: it runs. ValueError where it is no moment."""
    if clock == "real":
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(clock)
    except ValueError:
        raise ValueError(f"{clock!r} is no moment: write `real`, or like 2026-02-11T22:54:21Z") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < _END:
        raise ValueError(f"{clock!r} fits in no id: write a moment from 1970-01-01 to 2106-02-07")
    return seconds
