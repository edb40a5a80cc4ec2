"""Request log: one line per request, with the turn that answered."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TextIO, TypeAlias

import orjson
from msgspec.structs import asdict

from gemulator.core.clock import Clock, rfc_3339
from gemulator.core.credentials import Redactor
from gemulator.core.printable import printable, printable_json, printable_lines
from gemulator.core.text_cache import cache_short, cache_texts
from gemulator.delivery.live_steps import UpstreamEnd
from gemulator.server.output import is_terminal, writer_of
from gemulator.state.journal.entry import Exchange, Finished, Received, answer_bytes, sent_status
from gemulator.state.store import DEFAULT

LogStyle: TypeAlias = Literal["auto", "plain", "json", "off"]

_FLUSH_SECONDS = 0.01  # lines are collected this long and written together
_MAX_REASON = 1_000  # characters
_GREEN, _YELLOW, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class RequestLog:
    """Writer of log lines to `out` (default: standard error). Style `auto` colours them on a terminal."""

    def __init__(
        self, style: LogStyle, clock: Clock, out: TextIO | None = None, redactor: Redactor | None = None
    ) -> None:
        self._redactor = redactor or Redactor()
        self._out = writer_of(out or sys.stderr)
        self._clock = clock
        self._pending: list[tuple[Received, Finished]] = []
        self._style = style
        self._color = style == "auto" and is_terminal(out or sys.stderr)
        if style == "json":
            self._out.loss_line = lambda lines: json_record(clock(), "warning", dropped=lines)

    def write(self, received: Received, finished: Finished) -> None:
        """Log a request and the end of its delivery."""
        if self._style == "off":
            return
        self._pending.append((received, finished))
        if len(self._pending) == 1:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Queue the pending lines at once: formatting each on its own costs more than many an answer."""
        pending, self._pending = self._pending, []
        render = _json_line if self._style == "json" else self._plain_line
        self._write([render(received, finished) for received, finished in pending])

    def _write(self, lines: Sequence[str]) -> None:
        """Queue lines without credentials."""
        if self._style == "json" and self._redactor.has_patterns:
            lines = [self._redactor.json(line.encode()).decode().rstrip("\n") + "\n" for line in lines]
        elif self._style == "json":
            lines = [self._redactor.text("".join(lines))]
        self._out.write("".join(lines))

    def close(self) -> None:
        """Write all pending lines, unless nobody reads them."""
        self.flush()
        self._out.flush()

    def unrouted(self, method: str, path: str, hint: str) -> None:
        """Log a request without a route and the hint for it."""
        if self._style == "off":
            return
        self.flush()
        if self._style == "json":
            self._write([json_record(self._clock(), "warning", method=method, path=path, status=404, hint=hint)])
        else:
            shown = _short_path(self._redactor.text(path))
            at = _time_of_day(int(self._clock()))
            self._write([f"{at}  {method}  {shown}  {self._status(404)}\n{self._reason_lines(hint)}"])

    def info(self, text: str) -> None:
        """Log a message of the server, also in style `off`."""
        if self._style == "json":
            self._out.write(json_record(self._clock(), "info", message=text))
        else:
            self._out.write(f"gemulator: {printable_lines(text)}\n")

    def _plain_line(self, received: Received, finished: Finished) -> str:
        """Return the line of a request, whose path and model are redacted, and those of the reasons for a refusal."""
        exchange, count = received.exchange, finished.chunks
        chosen = f"{exchange.scenario}/{exchange.turn}" if exchange.scenario else exchange.source
        start = _line_start(exchange.method, exchange.path, exchange.model)
        status = self._status(sent_status(received, finished))
        chunks = "chunk" if count == 1 else "chunks"
        at = _time_of_day(int(received.at))
        line = f"{at}  {start}  {chosen}  {status}  {count} {chunks}  {round(finished.duration * 1000)} ms"
        if received.session != DEFAULT:
            line += f"  session {printable(self._redactor.text(received.session))}"
        if finished.outcome != "completed":
            line += f"  {finished.outcome}"
        if received.delivery.faults:
            line += f"  fault {', '.join(received.delivery.faults)}"
        if exchange.quota:
            line += f"  quota {exchange.quota}"
        if finished.upstream is not None:
            line += f"  {_upstream(finished.upstream)}"
        if (
            exchange.status < 400
            and exchange.source in {"turn", "generated", "forwarded", "recorded"}
            and not exchange.tolerated
        ):
            return f"{line}\n"
        reason, hint = _reason(received), exchange.hint
        if hint in " ".join(reason.split()):  # gemulator's own message says it already
            hint = ""
        return f"{line}\n{self._reason_lines(*_near_misses(exchange), *_tolerated(exchange), reason, hint)}"

    def _status(self, status: int) -> str:
        if not status:
            return "-"
        if not self._color:
            return str(status)
        colour = _GREEN if status < 400 else _YELLOW if status < 500 else _RED
        return f"{colour}{status}{_RESET}"

    def _reason_lines(self, *reasons: str) -> str:
        """Return the indented lines below the line of a refused request."""
        lines = "".join([f"    {printable(self._redactor.text(reason))}\n" for reason in reasons if reason])
        return f"{_DIM}{lines}{_RESET}" if lines and self._color else lines


class JsonFormatter(logging.Formatter):
    """Formatter of uvicorn's log records as JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        return json_record(record.created, record.levelname.lower(), message=message).rstrip()


def _upstream(end: UpstreamEnd) -> str:
    first = "" if end.first is None else f", first byte {round(end.first * 1000)} ms"
    return f"upstream {end.name}{first}, {end.bytes} bytes{f', {end.error}' if end.error else ''}"


def _near_misses(exchange: Exchange) -> list[str]:
    """Return the near misses of an unmatched request, in the words of its answer."""
    return [str(near) for near in exchange.nearest] if exchange.source == "unmatched" else []


def _tolerated(exchange: Exchange) -> list[str]:
    """Return the refusals of the service that were not made."""
    return [f"tolerated, the service refuses it: {message}"[:_MAX_REASON] for message in exchange.tolerated]


def _reason(received: Received) -> str:
    """Return the error message of any other refusal; empty for an error that a scenario asks for."""
    exchange = received.exchange
    if exchange.source in {"turn", "unmatched"} or exchange.status < 400:
        return ""
    return _error_message(answer_bytes(received.delivery.steps))[:_MAX_REASON]


def _error_message(body: bytes) -> str:
    """Return the message of an error body of any dialect; empty if it has none or was truncated."""
    try:
        tree: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    tree = tree[0] if isinstance(tree, list) and tree else tree
    while isinstance(tree, dict):
        tree = tree.get("error") or tree.get("message")
    return tree if isinstance(tree, str) else ""


@cache_short(256, 500)
def _line_start(method: str, path: str, model: str) -> str:
    """Return the part of a line that many requests share."""
    return f"{method}  {_short_path(path)}  {printable(model) or '-'}"


@cache_texts(256, 500)
def _short_path(path: str) -> str:
    """Return the path from its endpoint on: `…/endpoints/openapi/chat/completions`."""
    at = path.find("/endpoints/")
    return printable(f"…{path[at:]}" if at > 0 else path)


def _json_line(received: Received, finished: Finished) -> str:
    exchange = received.exchange
    record: dict[str, Any] = {
        "session": received.session,
        "method": exchange.method,
        "path": exchange.path,
        "model": exchange.model,
        "source": exchange.source,
        "scenario": exchange.scenario,
        "turn": exchange.turn,
        "status": sent_status(received, finished),
        "outcome": finished.outcome,
        "faults": received.delivery.faults,
        "quota": exchange.quota or None,
        "upstream": finished.upstream and asdict(finished.upstream),
        "chunks": finished.chunks,
        "bytes": finished.bytes,
        "ms": round(finished.duration * 1000, 3),
        "nearest": _near_misses(exchange),
        "reason": _reason(received) or None,
        "hint": exchange.hint or None,
        "tolerated": list(exchange.tolerated),
    }
    level = "info" if 0 < record["status"] < 400 and finished.outcome == "completed" else "warning"
    return json_record(received.at, level, **record)


def json_record(at: float, level: str, **fields: Any) -> str:
    """Return a log line as JSON; `at` is in Unix seconds and becomes `time` (RFC 3339)."""
    record = {"time": rfc_3339(at), "level": level, **fields}
    return printable_json(orjson.dumps(record).decode()) + "\n"


@lru_cache(maxsize=4)
def _time_of_day(seconds: int) -> str:
    return rfc_3339(seconds)[11:19]
