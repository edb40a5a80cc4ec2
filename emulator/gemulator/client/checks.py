"""What a test expected of its session and did not get, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from gemulator.client.admin import Admin, AdminError
from gemulator.client.recorded_request import RecordedRequest
from gemulator.client.stubs import NAME, Stubs
from gemulator.core import located_yaml as yaml
from gemulator.server.admin.ended_sessions import ENDED_SCENARIO
from gemulator.state.journal.json_views import EntryView, MismatchView, mismatch_text

_KEPT = 100  # sessions that the server knows to be over


@dataclass
class EndedSessions:
    """The sessions of a family that are over, with whose they were, and the newest entry in them that was told of."""

    owner: dict[str, str] = field(default_factory=dict)
    told: int = 0

    def add(self, session: str, whose: str) -> None:
        self.owner[session] = whose or session
        if len(self.owner) > _KEPT:
            del self.owner[next(iter(self.owner))]

    def late(self, admin: Admin) -> Iterator[str]:
        """What was asked in them since, in words; after that it is told."""
        entries = admin.entries(scenario=ENDED_SCENARIO) if self.owner else []
        for entry in (one for one in entries if one["session"] in self.owner and one["id"] > self.told):
            self.told = max(self.told, entry["id"])
            yield f"  request {RecordedRequest(entry)}"
            yield f"    its client is that of {self.owner[entry['session']]}"


@dataclass(frozen=True)
class SessionChecks:
    """What is checked: a session, the scenarios that were pushed to it by name, those of them that are everyone's, the
    sessions before it, and its stubs."""

    admin: Admin
    session: str
    texts: Mapping[str, str]
    lent: Sequence[str]
    over: EndedSessions
    stubs: Stubs

    def verify(self, **expectations: Any) -> None:
        """AssertionError says what does not hold, and how the nearest turns or requests differ."""
        __tracebackhide__ = True
        try:
            self.admin.verify(session=self.session, **expectations)
        except AdminError as error:
            if error.code != "not_verified" or not isinstance(error.failures, list):
                raise
            lines = [*self._lines(error.failures, expectations)]
            if lines:
                raise AssertionError("gemulator: " + "\n".join(lines)) from None

    @property
    def none_late(self) -> int | None:
        """The expectation that no client of a session before this one has asked; others' journals are not searched."""
        return self.over.told if self.over.owner and self.admin.in_process else None

    def late(self) -> str:
        """What clients of sessions that are over asked, and nobody was told of yet."""
        return "\n".join(self._late())

    def failure_hints(self) -> Sequence[str]:
        """What may be why a test failed: requests that no turn fitted, refused ones, other tests' clients."""
        entries = self.admin.entries(session=self.session)
        return [*self._unmatched(entries, invented=False), *_refused(entries), *self._late()]

    def _lines(self, failures: Sequence[Mapping[str, Any]], expectations: Mapping[str, Any]) -> Iterator[str]:
        wanted = expectations.get("entries", ())
        entries = self.admin.entries(session=self.session)
        silent: set[str] = set()
        lent = {*self.lent} - {entry["scenario"] for entry in entries}
        for check, broken in groupby(failures, lambda failure: failure["check"].partition("[")[0]):
            match check:
                case "none_unmatched":
                    yield from self._unmatched(entries, invented=expectations["none_unmatched"] is True)
                case "none_late":
                    yield from self._late()
                case "times_used":
                    for failure in broken:
                        yield from self._unused(failure["message"], silent, lent)
                case _:
                    for failure in broken:
                        yield from self._uncalled(failure, wanted[int(failure["check"][8:-1])], silent)
                        yield from _nearest(failure["nearest"], entries)

    def _unmatched(self, entries: Sequence[EntryView], *, invented: bool) -> Iterator[str]:
        """Requests that no turn fitted; whether those count that got an invented answer."""
        sources = {"unmatched", "generated"} if invented else {"unmatched"}
        found = [entry for entry in entries if entry["source"] in sources]
        if not found:
            return
        yield f"{_some(found, entries)} fitted no turn. Nearest turns first:"
        for entry in found:
            yield f"  request {RecordedRequest(entry)}"
            for near in entry["nearest"]:
                yield f"    {near['turn']}: {_differences(near['mismatches'])}"
            if not entry["nearest"]:
                yield "    there are no turns: nothing was stubbed or loaded"
        yield from self.stubs.incomplete()

    def _late(self) -> Iterator[str]:
        late = [*self.over.late(self.admin)]
        if late:
            yield "A client that was made in a test before asked again:"
            yield from late

    def _unused(self, message: str, silent: set[str], lent: set[str]) -> Iterator[str]:
        turn = message.removeprefix("turn ").rpartition(" answered ")[0]
        if turn not in silent and turn.rpartition("/")[0] not in lent:
            yield message
            yield from self._turn(turn)

    def _uncalled(self, failure: Mapping[str, Any], wanted: Mapping[str, Any], silent: set[str]) -> Iterator[str]:
        if wanted.get("scenario") == NAME:
            turn = f"{NAME}/{wanted['turn']}"
            silent.add(turn)
            yield f"turn {turn} has never answered"
            yield from self._turn(turn)
        else:
            yield failure["message"]
            yield from _block("wanted", wanted["when"]) if wanted["when"] else ()

    def _turn(self, turn: str) -> Iterator[str]:
        """A turn as it was written, where this session was told of it."""
        name, _, number = turn.rpartition("/")
        data = yaml.read(self.texts[name], Path(name)).data if name in self.texts else None
        if isinstance(data, dict):
            yield from _block("stub" if name == NAME else "turn", data["turns"][int(number) - 1])


def _refused(entries: Sequence[EntryView]) -> Iterator[str]:
    found = [entry for entry in entries if entry["source"] in {"refused", "unsatisfiable"}]
    if found:
        yield f"{_some(found, entries)} {'was' if len(found) == 1 else 'were'} refused:"
    for entry in found:
        yield f"  request {RecordedRequest(entry)}"
        yield f"    {entry['status']}: {_said(RecordedRequest(entry).answer)}"


def _some(found: Sequence[EntryView], entries: Sequence[EntryView]) -> str:
    return f"{len(found)} of {len(entries)} request{'' if len(entries) == 1 else 's'}"


def _said(answer: str) -> str:
    """The message of a refusal, of whichever server."""
    try:
        tree = orjson.loads(answer)
        tree = tree[0] if isinstance(tree, list) else tree
        return str(tree.get("error", tree)["message"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return answer[:200]


def _block(title: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {title}:"
    yield from (f"    {line}" for line in yaml.write(dict(data)).splitlines())


def _nearest(nearest: Sequence[Mapping[str, Any]], entries: Sequence[EntryView]) -> Iterator[str]:
    known = {entry["id"]: entry for entry in entries}
    for near in nearest:
        entry = known.get(near["id"])
        yield f"  request {RecordedRequest(entry) if entry else near['id']}"
        if near["mismatches"]:
            yield f"    {_differences(near['mismatches'])}"


def _differences(mismatches: Sequence[MismatchView]) -> str:
    return "; ".join(map(mismatch_text, mismatches))
