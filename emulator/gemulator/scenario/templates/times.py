"""Times in templates: texts, formats and shifts. All are in UTC."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from gemulator.core.json_types import JSON
from gemulator.scenario.json_path import text_of

_CODE = re.compile(r"%(.?)", re.S)
_SHIFT = re.compile(r"([+-]?)(\d{1,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# Names are English on every machine, unlike those of `strftime`.
_CODES: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda at: f"{at.year:04}",
    "m": lambda at: f"{at.month:02}",
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: str(at.day),
    "H": lambda at: f"{at.hour:02}",
    "M": lambda at: f"{at.minute:02}",
    "S": lambda at: f"{at.second:02}",
    "A": lambda at: _DAYS[at.weekday()],
    "a": lambda at: _DAYS[at.weekday()][:3],
    "B": lambda at: _MONTHS[at.month - 1],
    "b": lambda at: _MONTHS[at.month - 1][:3],
    "%": lambda at: "%",
}


def time_text(seconds: float) -> str:
    """Return Unix seconds as RFC 3339 text. Raises ValueError if the year is not 1 to 9999."""
    return _text(_from_seconds(seconds))


def check_format(form: str) -> None:
    """Raise ValueError if a format of `date` has an unknown code."""
    for code in _CODE.findall(form):
        if code not in _CODES:
            known = ", ".join(f"%{letter}" for letter in _CODES)
            raise ValueError(f"`%{code}` is unknown in a format of `date`: use {known}")


def check_shift(shift: str) -> None:
    """Raise ValueError if a text is no shift."""
    _delta(shift)


def format_time(value: JSON, form: str) -> str:
    """Return a time in a format. Raises ValueError if the value is no time."""
    at = _time(value)
    return _CODE.sub(lambda found: _CODES[found[1]](at), form)


def shift_time(value: JSON, shift: str) -> str:
    """Return a time later or, with `-`, earlier. Raises ValueError if there is no such time."""
    try:
        return _text(_time(value) + _delta(shift))
    except OverflowError:
        raise ValueError("the time is out of range") from None


def unix_seconds(value: JSON) -> int:
    """Return a time in whole Unix seconds. Raises ValueError if the value is no time."""
    return int(_time(value).timestamp())


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _delta(shift: str) -> timedelta:
    found = _SHIFT.fullmatch(shift)
    if found is None:
        raise ValueError(f"{shift[:40]!r} is not a shift of time: write one like `3d`, `-2h` or `90s`")
    delta = timedelta(**{_UNITS[found[3]]: int(found[2])})
    return -delta if found[1] == "-" else delta


def _time(value: JSON) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_seconds(value)
    text = text_of(value)[:40]
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time: use `now`, Unix seconds or a text like 2026-02-11T22:54:21Z"
        ) from None


def _from_seconds(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{seconds:g} is not a time in Unix seconds") from None
