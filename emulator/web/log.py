"""One line a request: cheaper than an access log, and it says which turn answered."""

import sys
from typing import Literal, TextIO

import orjson

from emulator.journal import Finished, Received

_GREEN, _YELLOW, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class RequestLog:
    """Writes lines to `out` as `style` says; `auto` colours them on a terminal."""

    def __init__(self, style: Literal["auto", "plain", "json", "off"], out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._style = style
        self._coloured = style == "auto" and self._out.isatty()

    def write(self, received: Received, finished: Finished) -> None:
        """One request and how its delivery ended."""
        if self._style == "off":
            return
        self._out.write(_json(received, finished) if self._style == "json" else self._line(received, finished))
        self._out.flush()

    def _line(self, received: Received, finished: Finished) -> str:
        chosen = f"{received.scenario}/{received.turn}" if received.scenario else _unscripted(received)
        fields = (
            received.method,
            _short(received.path),
            received.model or "-",
            chosen,
            self._status(received.status),
            f"{finished.chunks} chunk{'' if finished.chunks == 1 else 's'}",
            f"{finished.duration * 1000:.0f} ms",
            *(() if finished.outcome == "completed" else (finished.outcome,)),
        )
        return "  ".join(fields) + "\n" + self._explanation(received)

    def _status(self, status: int) -> str:
        if not self._coloured:
            return str(status)
        colour = _GREEN if status < 400 else _YELLOW if status < 500 else _RED
        return f"{colour}{status}{_RESET}"

    def _explanation(self, received: Received) -> str:
        """Why an unmatched request was refused: the same text as the answer's."""
        if received.status < 400 or not received.nearest:
            return ""
        lines = "".join(f"    {near}\n" for near in received.nearest)
        return f"{_DIM}{lines}{_RESET}" if self._coloured else lines


def _unscripted(received: Received) -> str:
    return "generated" if received.status < 400 else "refused"


def _short(path: str) -> str:
    """The path without what is the same in every one: `…/endpoints/openapi/chat/completions`."""
    at = path.find("/endpoints/")
    return f"…{path[at:]}" if at > 0 else path


def _json(received: Received, finished: Finished) -> str:
    record = {
        "at": received.at,
        "session": received.session,
        "method": received.method,
        "path": received.path,
        "model": received.model,
        "scenario": received.scenario,
        "turn": received.turn,
        "status": received.status,
        "outcome": finished.outcome,
        "chunks": finished.chunks,
        "bytes": finished.bytes,
        "ms": round(finished.duration * 1000, 3),
        "nearest": [str(near) for near in received.nearest],
    }
    return orjson.dumps(record).decode() + "\n"
