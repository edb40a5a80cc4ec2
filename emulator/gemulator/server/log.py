"""One line a request: cheaper than an access log, and it says which turn answered."""

import asyncio
import logging
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, TextIO, TypeAlias

import orjson

from gemulator.core.clock import Clock
from gemulator.state.journal.entry import Exchange, Finished, Received, answer_bytes

LogStyle: TypeAlias = Literal["auto", "plain", "json", "off"]

_TOGETHER = 0.01  # seconds in which lines are collected
_LONGEST = 1_000  # characters of a reason
_GREEN, _YELLOW, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class RequestLog:
    """Writes lines to `out` as `style` says; `auto` colours them on a terminal."""

    def __init__(self, style: LogStyle, clock: Clock, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._clock = clock
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
        ended, self._ended = self._ended, []
        worded = _json if self._style == "json" else self._line
        self._put("".join([worded(received, finished) for received, finished in ended]))

    def unrouted(self, method: str, path: str, hint: str | None) -> None:
        """A request that has no route, and what is nearly right about it."""
        if self._style == "off":
            return
        self.flush()
        if self._style == "json":
            self._put(_dumped({"at": self._clock(), "method": method, "path": path, "status": 404, "hint": hint}))
        else:
            self._put(f"{method}  {_short(path)}  {self._status(404)}\n{self._below(hint or '')}")

    def info(self, text: str) -> None:
        """What the server has to say beside; it is of use where no request is logged, too."""
        if self._style == "json":
            self._put(_dumped({"at": self._clock(), "level": "info", "message": text}))
        else:
            self._put(f"gemulator: {text}\n")

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads, or the disk is full: answers matter more
            self._out.write(text)
            self._out.flush()

    def _line(self, received: Received, finished: Finished) -> str:
        asked, count = received.exchange, finished.chunks
        chosen = f"{asked.scenario}/{asked.turn}" if asked.scenario else asked.source
        line = (
            f"{asked.method}  {_short(asked.path)}  {printable(asked.model) or '-'}  {chosen}  "
            f"{self._status(asked.status)}  "
            f"{count} {'chunk' if count == 1 else 'chunks'}  {round(finished.duration * 1000)} ms"
        )
        if finished.outcome != "completed":
            line += f"  {finished.outcome}"
        return f"{line}\n" if asked.status < 400 else f"{line}\n{self._below(*_nearest(asked), _reason(received))}"

    def _status(self, status: int) -> str:
        if not self._coloured:
            return str(status)
        colour = _GREEN if status < 400 else _YELLOW if status < 500 else _RED
        return f"{colour}{status}{_RESET}"

    def _below(self, *reasons: str) -> str:
        """Why a request got no answer, below its line."""
        lines = "".join([f"    {printable(reason)}\n" for reason in reasons if reason])
        return f"{_DIM}{lines}{_RESET}" if lines and self._coloured else lines


class Lines(logging.Formatter):
    """What the server itself complains of, as JSON lines among those of requests."""

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        return _dumped({"at": record.created, "level": record.levelname.lower(), "message": message}).rstrip()


def _nearest(exchange: Exchange) -> list[str]:
    """Why an unmatched request was refused: the same text as the answer's."""
    return [str(near) for near in exchange.nearest] if exchange.source == "unmatched" else []


def _reason(received: Received) -> str:
    """What the refusal of any other request says; one that a scenario orders need not be told."""
    exchange = received.exchange
    told = exchange.source in {"turn", "unmatched"}
    return "" if told or exchange.status < 400 else _said(answer_bytes(received.delivery))[:_LONGEST]


def _said(refusal: bytes) -> str:
    """The message in a refusal's body, whatever server words it; nothing where it is none or was cut."""
    try:
        tree: Any = orjson.loads(refusal)
    except orjson.JSONDecodeError:
        return ""
    tree = tree[0] if isinstance(tree, list) and tree else tree
    while isinstance(tree, dict):
        tree = tree.get("error") or tree.get("message")
    return tree if isinstance(tree, str) else ""


@lru_cache(maxsize=256)
def _short(path: str) -> str:
    """The path without what is the same in every one: `…/endpoints/openapi/chat/completions`."""
    at = path.find("/endpoints/")
    return printable(f"…{path[at:]}" if at > 0 else path)


def printable(text: str) -> str:
    """The text of a client with escapes for what would break a line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join([letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text])


def _json(received: Received, finished: Finished) -> str:
    exchange = received.exchange
    record = {
        "at": received.at,
        "session": received.session,
        "method": exchange.method,
        "path": exchange.path,
        "model": exchange.model,
        "source": exchange.source,
        "scenario": exchange.scenario,
        "turn": exchange.turn,
        "status": exchange.status,
        "outcome": finished.outcome,
        "chunks": finished.chunks,
        "bytes": finished.bytes,
        "ms": round(finished.duration * 1000, 3),
        "nearest": _nearest(exchange),
        "reason": _reason(received) or None,
    }
    return _dumped(record)


def _dumped(record: dict[str, Any]) -> str:
    return orjson.dumps(record).decode() + "\n"
