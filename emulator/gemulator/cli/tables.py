"""Terminal tables of journal and sessions, and answer timelines."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gemulator.server.log import printable
from gemulator.state.journal.json_views import (
    AnswerView,
    EntryView,
    NearMissView,
    RequestView,
    SessionView,
    StepView,
    mismatch_text,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_BAR_WIDTH = 16
_MAX_BODY = 2_000  # characters of a body to print


class Screen:
    """Writer to standard output, with colours on a terminal."""

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._console = console or Console(highlight=False, soft_wrap=False)

    def entries(self, entries: Iterable[EntryView]) -> None:
        """Print a table with one row per entry."""
        table = self._table("#", "time", "session", "model", "answered by", "status", "outcome", "chunks", "ms")
        for entry in entries:
            table.add_row(*_cells(entry))
        self._console.print(table if table.row_count else "No requests.")

    def follow(self, entries: Iterable[EntryView]) -> None:
        """Print one line per entry as they arrive."""
        for entry in entries:
            self._console.print("  ".join(_cells(entry)), overflow="ignore", no_wrap=True, crop=False)

    def sessions(self, sessions: Sequence[SessionView]) -> None:
        """Print a table with one row per session."""
        table = self._table("session", "entries", "KB", "evicted", "pushed", "idle", "counters")
        for one in sessions:
            # A counter is named `scenario/turn#content hash`.
            counters = ", ".join(f"{name.partition('#')[0]}: {times}" for name, times in one["counters"].items())
            numbers = (one["entries"], one["bytes"] // 1000, one["evicted"], one["published"], f"{one['idle']:.0f} s")
            table.add_row(_escape(one["session"]), *map(str, numbers), _escape(one.get("problem") or counters))
        self._console.print(table if table.row_count else "No sessions.")

    def entry(self, entry: EntryView) -> None:
        """Print one entry: request, source of the answer, near misses and timeline of chunks."""
        facts = self._table("", "", header=False)
        facts.add_row("entry", f"{entry['id']}  {entry['time']}  session {_escape(entry['session'])}")
        facts.add_row("request", f"{entry['method']} {_escape(entry['path'])}")
        facts.add_row("model", _escape(entry["model"]) or "-")
        facts.add_row("answered by", f"{_answered_by(entry)}, attempt {entry['attempt']}")
        facts.add_row("status", f"{_status(entry['status'])}  {entry['outcome'] or 'still running'}")
        if entry["usage"]:
            usage = entry["usage"]
            thought = f" + {usage['reasoning_tokens']} reasoning" if usage["reasoning_tokens"] else ""
            facts.add_row("tokens", f"{usage['prompt_tokens']} in, {usage['completion_tokens']} out{thought}")
        self._console.print(facts)
        self._nearest(entry["nearest"])
        if "request" in entry:
            self._request(entry["request"])
        if "answer" in entry:
            self._timeline(entry["answer"], entry)

    def _nearest(self, nearest: Sequence[NearMissView]) -> None:
        if nearest:
            self._console.print("\n[bold]Nearest turns that did not match[/]")
        for near in nearest:
            for one in near["mismatches"]:
                self._console.print(f"  {_escape(near['turn'])}  {_escape(mismatch_text(one))}")

    def _request(self, request: RequestView) -> None:
        self._console.print(f"\n[bold]Request[/]  {request['size']} bytes")
        if isinstance(request["body"], str):
            self._console.print("\n".join(map(_escape, request["body"][:_MAX_BODY].splitlines())))
        else:
            self._console.print_json(data=request["body"])

    def _timeline(self, answer: AnswerView, entry: EntryView) -> None:
        took = "" if entry["duration"] is None else f", took {entry['duration'] * 1000:.1f} ms"
        first = "" if entry["ttft"] is None else f", first chunk after {entry['ttft'] * 1000:.1f} ms"
        self._console.print(
            f"\n[bold]Answer[/]  {entry['chunks'] or 0} chunks, {entry['bytes'] or 0} bytes{first}{took}"
        )
        table = self._table("due", "", "bytes", "data")
        latest = max((step["at"] for step in answer["steps"]), default=0.0)
        for step in answer["steps"]:
            bar = "▏" if not latest else "─" * round(step["at"] / latest * _BAR_WIDTH) + "●"
            table.add_row(f"{step['at'] * 1000:.0f} ms", bar, str(step.get("bytes", "")), _escape(_chunk_text(step)))
        self._console.print(table)

    def _table(self, *columns: str, header: bool = True) -> "Table":
        from rich.table import Table

        table = Table(box=None, show_header=header, header_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(
                column, justify="right" if column in {"#", "ms", "chunks", "bytes", "KB", "due"} else "left"
            )
        return table


def _cells(entry: EntryView) -> tuple[str, ...]:
    took = "" if entry["duration"] is None else f"{entry['duration'] * 1000:.1f}"
    return (
        str(entry["id"]),
        entry["time"][11:19],
        _escape(entry["session"]),
        _escape(entry["model"]) or "-",
        _answered_by(entry),
        _status(entry["status"]),
        entry["outcome"] or "running",
        str(entry["chunks"] or 0),
        took,
    )


def _answered_by(entry: EntryView) -> str:
    return _escape(f"{entry['scenario']}/{entry['turn']}") if entry["scenario"] else entry["source"]


def _status(status: int) -> str:
    colour = "green" if status < 400 else "yellow" if status < 500 else "red"
    return f"[{colour}]{status}[/]"


def _chunk_text(step: StepView) -> str:
    """Return the text of a chunk on one line: the content or delta of an event, else its beginning."""
    text = step.get("text", step.get("end", "")).strip()
    try:
        delta = json.loads(text.removeprefix("data:"))["choices"][0]["delta"]
    except (ValueError, LookupError, TypeError):
        return " ".join(text[:_MAX_BODY].split())
    words = delta.get("content") if isinstance(delta, dict) else None
    return repr(words) if isinstance(words, str) else json.dumps(delta, ensure_ascii=False)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))
