"""Place in the user's code from which the package was called."""

import os
import sys
from typing import NamedTuple

_PACKAGE = "gemulator."  # modules below it are not the user's; tests of the package are


class CallSite(NamedTuple):
    """File and line. As text, the file is relative to the working directory if it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        try:
            file = os.path.relpath(self.file)
        except (OSError, ValueError):  # no working directory, or another drive
            file = self.file
        return f"{self.file if file.startswith(os.pardir) else file}:{self.line}"


def call_site() -> CallSite:
    """Return the place of the nearest frame outside the package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    return CallSite(frame.f_code.co_filename, frame.f_lineno)
