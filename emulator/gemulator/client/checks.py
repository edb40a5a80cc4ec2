"""Expectations of a test, and failed ones as assertion messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import orjson

from gemulator.client.admin import Admin, AdminError
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.server_handle import EndedSessions
from gemulator.client.stubs import NAME, Stubs
from gemulator.core import located_yaml as yaml
from gemulator.core.credentials import Redactor
from gemulator.core.printable import printable_lines
from gemulator.state.journal.json_views import (
    EntryView,
    FailureKind,
    FailureView,
    MismatchView,
    NearestEntryView,
    mismatch_text,
)
from gemulator.state.store import DEFAULT

_MAX_STRAYS = 3
LATE_REMEDY = "Create a client per test, or clear the cache that holds it."


@dataclass(frozen=True)
class FailedCheck:
    """Failed checks of one kind as lines of an assertion message."""

    kind: FailureKind
    lines: Sequence[str]


@dataclass(frozen=True)
class SessionChecks:
    """Checks of a session.

    `texts` are the scenarios pushed to it by name; `shared` are the names of those that other sessions have as well.
    """

    admin: Admin
    session: str
    texts: Mapping[str, str]
    shared: Sequence[str]
    ended: EndedSessions
    stubs: Stubs

    def verify(self, **expectations: Any) -> None:
        """Raise AssertionError with the failed checks and the nearest turns or requests."""
        __tracebackhide__ = True
        failed = self.failed(**expectations)
        if failed:
            raise AssertionError(message_of(failed))

    def failed(self, **expectations: Any) -> Sequence[FailedCheck]:
        """Return the failed ones of these expectations, as the admin API's `verify` takes them."""
        try:
            self.admin.verify(session=self.session, **expectations)
        except AdminError as error:
            if error.failures is None:
                raise
            found = self._describe(error.failures, expectations)
            return [check for check in found if check.lines]
        return ()

    def failed_at_end(self) -> Sequence[FailedCheck]:
        """Return the failed checks of `assert_done`."""
        return self.failed(none_unmatched="refused", none_late=self._none_late, times_used=True)

    @property
    def _none_late(self) -> int | None:
        """The value of `none_late`; None on a server that others use too, to spare a search of its whole journal."""
        return self.ended.reported if self.ended.owner and self.admin.in_process else None

    def late(self) -> Sequence[str]:
        """Return lines about unreported requests of clients whose session has ended."""
        lines = [*self.ended.late(self.admin)]
        return ["A client of an earlier test sent a request:", *lines] if lines else []

    def failure_hints(self) -> Sequence[str]:
        """Return likely reasons of a failed test: unmatched and refused requests, clients of earlier tests."""
        entries, late = self.admin.entries(session=self.session), self.late()
        hints = dict.fromkeys(entry.get("hint") for entry in entries if entry["source"] == "unmatched")
        unmatched = self.redact([*self._unmatched(entries, invented=False), *(f"  {hint}" for hint in hints if hint)])
        strays = () if entries else self.redact(self._strays())
        return [*unmatched, *_refused(entries), *strays, *late, *([f"  {LATE_REMEDY}"] if late else ())]

    def _strays(self) -> Iterator[str]:
        """Yield lines about requests that named no session, on a server of this process."""
        if not self.admin.in_process or self.session == DEFAULT:
            return
        found = self.admin.entries(session=DEFAULT, source="unmatched")[-_MAX_STRAYS:]
        if found:
            yield f"no request in this test's session, but in `{DEFAULT}`, where those without its key are:"
        yield from (f"  request {RecordedRequest(entry)}" for entry in found)
        if found:
            yield "  Use gemulator.openai(), or give the client the variables of gemulator.env."

    def redact(self, lines: Iterable[str]) -> Sequence[str]:
        """Return lines without credentials, which conditions and stubs may have; a private key has several lines."""
        text = "\n".join(lines)
        return Redactor(self.admin.redact_patterns()).text(text).split("\n") if text else ()

    def _describe(self, failures: Sequence[FailureView], expectations: Mapping[str, Any]) -> Iterator[FailedCheck]:
        entries = self.admin.entries(session=self.session)
        lines: Iterable[str]
        for kind, group in groupby(failures, lambda failure: failure["kind"]):
            of_kind = list(group)
            gone = [failure["message"] for failure in of_kind if "entry" not in failure]
            match kind:
                case "none_unmatched":
                    lines = chain(self._unmatched(entries, invented=expectations["none_unmatched"] is True), gone)
                case "usage":
                    lines = gone
                case "none_late":
                    lines = chain(self.late(), gone)
                case "times_used":
                    asked = {failure["scenario"] for failure in of_kind if failure.get("asked")}
                    unasked = {*self.shared} - {entry["scenario"] for entry in entries} - asked
                    lines = self._unused(of_kind, unasked, _unused_stubs(failures, expectations))
                case _:
                    lines = self._unmet(of_kind, expectations, entries)
            yield FailedCheck(kind, self.redact(lines))

    def _unmatched(self, entries: Sequence[EntryView], *, invented: bool) -> Iterator[str]:
        """Yield lines about requests that matched no turn; `invented` includes those with a generated answer."""
        sources = {"unmatched", "generated"} if invented else {"unmatched"}
        found = [entry for entry in entries if entry["source"] in sources]
        if not found:
            return
        yield f"{_share(found, entries)} matched no turn. Nearest turns first:"
        for entry in found:
            yield f"  request {RecordedRequest(entry)}"
            for near in entry["nearest"]:
                yield f"    {self._located(near['turn'])}: {self._differences(near['mismatches'])}"
            if not entry["nearest"]:
                yield "    there are no turns: nothing was stubbed or loaded"
        yield from self.stubs.incomplete()

    def _unused(self, failures: Sequence[FailureView], unasked: Set[str], stubs: Set[int]) -> Iterator[str]:
        """Yield lines about unused `times`, except of unasked scenarios and of stubs that are reported already."""
        for failure in failures:
            scenario, turn = failure["scenario"], failure["turn"]
            if scenario not in unasked and not (scenario == NAME and turn in stubs):
                yield failure["message"]
                yield from self._turn(scenario, turn)

    def _unmet(
        self, failures: Sequence[FailureView], expectations: Mapping[str, Any], entries: Sequence[EntryView]
    ) -> Iterator[str]:
        for failure in failures:
            expected = expectations[failure["kind"]][failure["index"]]
            if expected.get("scenario") == NAME:
                never = f"turn {NAME}/{expected['turn']} has never answered"
                yield failure["message"] if failure.get("unknown") else never
                yield from self._turn(NAME, expected["turn"])
            else:
                yield failure["message"]
                yield from _block("wanted", expected["when"]) if expected.get("when") else ()
            yield from self._nearest(failure["nearest"], entries)

    def _turn(self, scenario: str, number: int) -> Iterator[str]:
        """Yield the source of a turn, if this session pushed it."""
        text = self.texts.get(scenario)
        data = None if text is None else yaml.read(text, Path(scenario)).data
        if isinstance(data, dict):
            place = self.stubs.place(number) if scenario == NAME else None
            title = f"stub at {place}" if place else "stub" if scenario == NAME else "turn"
            yield from _block(title, data["turns"][number - 1])

    def _nearest(self, nearest: Sequence[NearestEntryView], entries: Sequence[EntryView]) -> Iterator[str]:
        by_number = {entry["id"]: entry for entry in entries}
        for near in nearest:
            entry = by_number.get(near["id"])
            yield f"  request {RecordedRequest(entry) if entry else near['id']}"
            if near["mismatches"]:
                yield f"    {self._differences(near['mismatches'])}"

    def _differences(self, mismatches: Sequence[MismatchView]) -> str:
        return "; ".join(mismatch_text(self._located_mismatch(one)) for one in mismatches)

    def _located_mismatch(self, mismatch: MismatchView) -> MismatchView:
        if mismatch["name"] != "turn":
            return mismatch
        expected, actual = map(self._located, (mismatch["expected"], mismatch["actual"]))
        return MismatchView(name="turn", expected=expected, actual=actual)

    def _located(self, turn: str) -> str:
        """Return a turn like `stubs/1` with file and line of the stub; another turn stays."""
        scenario, _, number = turn.partition("/")
        place = self.stubs.place(int(number)) if scenario == NAME and number.isdecimal() else None
        return f"{turn} ({place})" if place else turn


def message_of(failed: Sequence[FailedCheck]) -> str:
    """Return the assertion message of failed checks."""
    return printable_lines("gemulator: " + "\n".join(line for check in failed for line in check.lines))


def _unused_stubs(failures: Sequence[FailureView], expectations: Mapping[str, Any]) -> Set[int]:
    """Return the turns of stubs that failed as `entries`."""
    failed = [expectations["entries"][one["index"]] for one in failures if one["kind"] == "entries"]
    return {expected["turn"] for expected in failed if expected.get("scenario") == NAME}


def _refused(entries: Sequence[EntryView]) -> Iterator[str]:
    found = [entry for entry in entries if entry["source"] in {"refused", "unsatisfiable"}]
    if found:
        yield f"{_share(found, entries)} {'was' if len(found) == 1 else 'were'} refused:"
    for entry in found:
        yield f"  request {RecordedRequest(entry)}"
        message = _error_message(RecordedRequest(entry).answer)
        yield f"    {entry['status']}: {message}"
        hint = entry.get("hint")  # an older server has none
        if hint and hint not in message:
            yield f"    {hint}"


def _share(found: Sequence[EntryView], entries: Sequence[EntryView]) -> str:
    return f"{len(found)} of {len(entries)} request{'' if len(entries) == 1 else 's'}"


def _error_message(answer: str) -> str:
    """Return the message of an error answer in the format of any of the servers."""
    try:
        tree = orjson.loads(answer)
        tree = tree[0] if isinstance(tree, list) else tree
        return str(tree.get("error", tree)["message"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return answer[:200]


def _block(title: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {title}:"
    yield from (f"    {line}" for line in yaml.write(dict(data)).splitlines())
