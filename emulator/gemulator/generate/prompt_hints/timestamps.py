"""Timestamps from a day, a time of day, or both."""

import re
from collections.abc import Iterator

from gemulator.generate.prompt_hints.prompt import Prompt
from gemulator.generate.reference_day import REFERENCE_DAY

_ENDING = re.compile(r"end|until|finish|stop|close|_to$|To$", re.I)
_MORNING = "09:00"


def timestamps(prompt: Prompt, name: str) -> Iterator[tuple[str, int]]:
    """Yield candidates in ISO form, in UTC. An end defaults to one hour after the beginning."""
    days = [(one.value, one.start) for one in (*prompt.dates, *prompt.days)]
    times = [one.value for one in prompt.times]
    if not days and times:
        days = [(REFERENCE_DAY.isoformat(), -3)]
    if _ENDING.search(name) and days:
        yield _end(days, times), -4
        return
    yield from ((f"{day}T{times[0] if times else _MORNING}:00Z", at) for day, at in days)


def _end(days: list[tuple[str, int]], times: list[str]) -> str:
    day = days[1 if len(days) > 1 else 0][0]
    if len(times) > 1 or len(days) > 1:
        return f"{day}T{times[-1] if times else _MORNING}:00Z"
    hour, _, minute = (times[0] if times else _MORNING).partition(":")
    return f"{day}T{min(int(hour) + 1, 23):02}:{minute}:00Z"
