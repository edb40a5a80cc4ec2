"""One line a request: cheaper than an access log, and it says which turn answered."""

import asyncio
import sys
from functools import lru_cache
from typing import Literal, TextIO

import orjson

from emulator.journal import Exchange, Finished, Received

_TOGETHER = 0.01  # seconds in which lines are collected
_GREEN, _YELLOW, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class RequestLog:
    """Writes lines to `out` as `style` says; `auto` colours them on a terminal."""

    def __init__(self, style: Literal["auto", "plain", "json", "off"], out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._ended: list[tuple[Received, Finished]] = []
        self._style = style
        self._coloured = style == "auto" and self._out.isatty()

    def write(self, received: Received, finished: Finished) -> None:
        """One request and how its delivery ended."""
        if self._style == "off":
            return
        self._ended.append((received, finished))
        if len(self._ended) == 1:
            asyncio.get_running_loop().call_later(_TOGETHER, self.flush)

    def flush(self) -> None:
        """Write what is due: word by word and line by line it would cost more than many an answer."""
        worded = _json if self._style == "json" else self._line
        self._out.write("".join([worded(received, finished) for received, finished in self._ended]))
        self._ended.clear()
        self._out.flush()

    def _line(self, received: Received, finished: Finished) -> str:
        asked, model, count = received.exchange, received.exchange.model or "-", finished.chunks
        chosen = f"{asked.scenario}/{asked.turn}" if asked.scenario else asked.source
        line = (
            f"{asked.method}  {_short(asked.path)}  {model}  {chosen}  {self._status(asked.status)}  "
            f"{count} {'chunk' if count == 1 else 'chunks'}  {round(finished.duration * 1000)} ms"
        )
        if finished.outcome != "completed":
            line += f"  {finished.outcome}"
        return f"{line}\n{self._explanation(asked)}" if asked.source == "unmatched" else f"{line}\n"

    def _status(self, status: int) -> str:
        if not self._coloured:
            return str(status)
        colour = _GREEN if status < 400 else _YELLOW if status < 500 else _RED
        return f"{colour}{status}{_RESET}"

    def _explanation(self, exchange: Exchange) -> str:
        """Why an unmatched request was refused: the same text as the answer's."""
        lines = "".join(f"    {near}\n" for near in exchange.nearest)
        return f"{_DIM}{lines}{_RESET}" if self._coloured else lines


@lru_cache(maxsize=256)
def _short(path: str) -> str:
    """The path without what is the same in every one: `…/endpoints/openapi/chat/completions`."""
    at = path.find("/endpoints/")
    return f"…{path[at:]}" if at > 0 else path


def _json(received: Received, finished: Finished) -> str:
    exchange = received.exchange
    record = {
        "at": received.at,
        "session": received.session,
        "method": exchange.method,
        "path": exchange.path,
        "model": exchange.model,
        "scenario": exchange.scenario,
        "turn": exchange.turn,
        "status": exchange.status,
        "outcome": finished.outcome,
        "chunks": finished.chunks,
        "bytes": finished.bytes,
        "ms": round(finished.duration * 1000, 3),
        "nearest": [str(near) for near in exchange.nearest] if exchange.source == "unmatched" else [],
    }
    return orjson.dumps(record).decode() + "\n"
