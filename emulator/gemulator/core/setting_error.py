"""Error of a setting, and its reason."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NOT_OF_A_SERVER = ("scenario", "fault", "pacing")  # settings of a session or a request only
_MAX_SHOWN = 100  # characters of a value in a message


class SettingError(ValueError):
    """Invalid setting `name`, with the reason. `source` is the variable or file it comes from, if any."""

    def __init__(self, name: str, reason: str, source: str = "") -> None:
        self.name = name
        self.reason = reason
        self.source = source
        super().__init__(f"{name} ({source}): {reason}" if source else f"{name}: {reason}")


def reason_of(detail: "ErrorDetails", *, secret: bool) -> str:
    """Return the message of a validation error, with the value unless that is secret."""
    message = detail["msg"].removeprefix("Value error, ")
    given = repr(detail["input"])
    if detail["type"] == "value_error" or secret or given in message or len(given) > _MAX_SHOWN:
        return message
    return f"{message}, not {given}"


def unknown_setting(name: str, known: Iterable[str]) -> str:
    """Return the message for the name of a setting that does not exist among the `known` ones."""
    from difflib import get_close_matches

    if name in _NOT_OF_A_SERVER:
        header = f"x-emulator-{name}"
        return f"not a setting of the server: set it on a session, or in the header {header}"
    near = get_close_matches(name, list(known), 1)
    return "unknown setting" + (f": did you mean `{near[0]}`?" if near else "")
