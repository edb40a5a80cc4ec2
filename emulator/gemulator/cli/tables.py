"""Terminal tables of journal and sessions, and answer timelines."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gemulator.core.printable import printable, printable_json
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
    from rich.table import Table
    from rich.text import Text

_BAR_WIDTH = 16
_MAX_BODY = 2_000  # characters of a body to print


class Screen:
    """Writer to standard output, with colours on a terminal. Text from clients is neither markup nor emoji names."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=False, markup=False, emoji=False)

    def entries(self, entries: Iterable[EntryView]) -> None:
        """Print a table with one row per entry."""
        table = self._table("#", "time", "session", "model", "answered by", "status", "outcome", "chunks", "ms")
        for entry in entries:
            table.add_row(*_cells(entry))
        self._console.print(table if table.row_count else "No requests.")

    def follow(self, entries: Iterable[EntryView]) -> None:
        """Print one line per entry as they arrive."""
        from rich.text import Text

        for entry in entries:
            self._console.print(Text("  ").join(_cells(entry)), overflow="ignore", no_wrap=True, crop=False)

    def sessions(self, sessions: Sequence[SessionView]) -> None:
        """Print a table with one row per session."""
        table = self._table("session", "entries", "KB", "evicted", "pushed", "idle", "counters")
        for one in sessions:
            # A counter is named `scenario/turn#content hash`.
            counters = ", ".join(f"{name.partition('#')[0]}: {times}" for name, times in one["counters"].items())
            numbers = (one["entries"], one["bytes"] // 1000, one["evicted"], one["published"], f"{one['idle']:.0f} s")
            problem = one.get("problem") or counters
            table.add_row(printable(one["session"]), *map(str, numbers), printable(problem))
        self._console.print(table if table.row_count else "No sessions.")

    def entry(self, entry: EntryView) -> None:
        """Print one entry: request, source of the answer, near misses and timeline of chunks."""
        from rich.text import Text

        facts = self._table("", "", header=False)
        facts.add_row("entry", f"{entry['id']}  {entry['time']}  session {printable(entry['session'])}")
        facts.add_row("request", printable(f"{entry['method']} {entry['path']}"))
        facts.add_row("model", printable(entry["model"]) or "-")
        facts.add_row("answered by", f"{_answered_by(entry)}, attempt {entry['attempt']}")
        facts.add_row("status", Text.assemble(_status(entry["status"]), f"  {entry['outcome'] or 'still running'}"))
        if entry.get("faults"):
            facts.add_row("faults", ", ".join(entry["faults"] or ()))
        if entry.get("quota"):
            facts.add_row("quota", entry["quota"] or "")
        if upstream := entry.get("upstream"):
            facts.add_row("upstream", " ".join(filter(None, (upstream["name"], upstream["error"]))))
        if entry.get("hint"):
            facts.add_row("hint", printable(entry["hint"] or ""))
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
            self._heading("Nearest turns that did not match")
        for near in nearest:
            for one in near["mismatches"]:
                self._console.print(printable(f"  {near['turn']}  {mismatch_text(one)}"))

    def _request(self, request: RequestView) -> None:
        from rich.highlighter import JSONHighlighter

        self._heading("Request", f"  {request['size']} bytes")
        if isinstance(request["body"], str):
            self._console.print("\n".join(map(printable, request["body"][:_MAX_BODY].splitlines())))
        else:
            text = printable_json(json.dumps(request["body"], indent=2, ensure_ascii=False))
            self._console.print(JSONHighlighter()(text), soft_wrap=True)

    def _timeline(self, answer: AnswerView, entry: EntryView) -> None:
        took = "" if entry["duration"] is None else f", took {entry['duration'] * 1000:.1f} ms"
        first = "" if entry["ttft"] is None else f", first chunk after {entry['ttft'] * 1000:.1f} ms"
        self._heading("Answer", f"  {entry['chunks'] or 0} chunks, {entry['bytes'] or 0} bytes{first}{took}")
        table = self._table("due", "", "bytes", "data")
        latest = max((step["at"] for step in answer["steps"]), default=0.0)
        for step in answer["steps"]:
            bar = "▏" if not latest else "─" * round(step["at"] / latest * _BAR_WIDTH) + "●"
            table.add_row(f"{step['at'] * 1000:.0f} ms", bar, str(step.get("bytes", "")), printable(_chunk_text(step)))
        self._console.print(table)

    def _heading(self, title: str, rest: str = "") -> None:
        from rich.text import Text

        self._console.print(Text.assemble("\n", (title, "bold"), rest))

    def _table(self, *columns: str, header: bool = True) -> "Table":
        from rich.table import Table

        table = Table(box=None, show_header=header, header_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(
                column, justify="right" if column in {"#", "ms", "chunks", "bytes", "KB", "due"} else "left"
            )
        return table


def _cells(entry: EntryView) -> "Sequence[Text]":
    from rich.text import Text

    took = "" if entry["duration"] is None else f"{entry['duration'] * 1000:.1f}"
    before = (str(entry["id"]), entry["time"][11:19], entry["session"], entry["model"] or "-", _answered_by(entry))
    after = (_outcome(entry), str(entry["chunks"] or 0), took)
    return [*(Text(printable(cell)) for cell in before), _status(entry["status"]), *map(Text, after)]


def _outcome(entry: EntryView) -> str:
    """Return the outcome, with the faults and the quota that struck."""
    causes = [*(entry.get("faults") or ()), *([f"quota {entry['quota']}"] if entry.get("quota") else ())]
    outcome = entry["outcome"] or "running"
    return f"{outcome} ({', '.join(causes)})" if causes else outcome


def _answered_by(entry: EntryView) -> str:
    return printable(f"{entry['scenario']}/{entry['turn']}") if entry["scenario"] else entry["source"]


def _status(status: int) -> "Text":
    from rich.text import Text

    return Text(str(status or "-"), "green" if status < 400 else "yellow" if status < 500 else "red")


def _chunk_text(step: StepView) -> str:
    """Return the text of a chunk on one line: the content or delta of an event, else its beginning."""
    text = step.get("text", step.get("end", "")).strip()
    try:
        delta = json.loads(text.removeprefix("data:"))["choices"][0]["delta"]
    except (ValueError, LookupError, TypeError):
        return " ".join(text[:_MAX_BODY].split())
    words = delta.get("content") if isinstance(delta, dict) else None
    return repr(words) if isinstance(words, str) else json.dumps(delta, ensure_ascii=False)
