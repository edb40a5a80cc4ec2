"""What a test expected of its session and did not get, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.client import Admin, AdminError
from emulator.recorded import Recorded
from emulator.scenario import yaml
from emulator.stubs import NAME
from emulator.views import EntryView, MismatchView, mismatch_text


def verified(admin: Admin, session: str, stubs: Sequence[Mapping[str, Any]] = (), **expectations: Any) -> None:
    """Check a session. AssertionError says what does not hold, and how the nearest turns or requests differ."""
    __tracebackhide__ = True
    try:
        admin.verify(session=session, **expectations)
    except AdminError as error:
        if error.code != "not_verified" or not isinstance(error.failures, list):
            raise
        entries = {entry["id"]: entry for entry in admin.entries(session=session)}
        lines = [line for failure in error.failures for line in _lines(failure, entries, stubs, expectations)]
        raise AssertionError("gemulator: " + "\n".join(dict.fromkeys(lines))) from None


def _lines(
    failure: Mapping[str, Any],
    entries: Mapping[int, EntryView],
    stubs: Sequence[Mapping[str, Any]],
    expectations: Mapping[str, Any],
) -> Iterator[str]:
    check, message = failure["check"], failure["message"]
    nearest = failure["nearest"]
    match check.partition("[")[0]:
        case "none_unmatched":
            yield from _unmatched(entries)
        case "times_used":
            yield message
            yield from _stub(message, stubs)
        case _:
            wanted = expectations["entries"][int(check[8:-1])]
            yield from _uncalled(message, wanted, stubs)
            yield from _nearest(nearest, entries)


def _unmatched(entries: Mapping[int, EntryView]) -> Iterator[str]:
    found = [entry for entry in entries.values() if entry["source"] in {"unmatched", "generated"}]
    yield f"{len(found)} of {len(entries)} requests fitted no turn. Nearest turns first:"
    for entry in found:
        yield f"  request {Recorded(entry)}"
        for near in entry["nearest"]:
            yield f"    {near['turn']}: {_differences(near['mismatches'])}"
        if not entry["nearest"]:
            yield "    there are no turns: nothing was stubbed or loaded"


def _uncalled(message: str, wanted: Mapping[str, Any], stubs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if wanted.get("scenario") == NAME:
        where = f"turn {NAME}/{wanted['turn']}"
        yield f"{where} has never answered"
        yield from _stub(where, stubs)
    else:
        yield message
        yield from _block("wanted", wanted["when"])


def _stub(where: str, stubs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The stub that a message names, as it was written."""
    for number, turn in enumerate(stubs, 1):
        if f"turn {NAME}/{number} " in f"{where} ":
            yield from _block("stub", turn)


def _block(title: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {title}:"
    yield from (f"    {line}" for line in yaml.write(dict(data)).splitlines())


def _nearest(nearest: Sequence[Mapping[str, Any]], entries: Mapping[int, EntryView]) -> Iterator[str]:
    for near in nearest:
        entry = entries.get(near["id"])
        yield f"  request {Recorded(entry) if entry else near['id']}"
        yield f"    {_differences(near['mismatches'])}"


def _differences(mismatches: Sequence[MismatchView]) -> str:
    return "; ".join(map(mismatch_text, mismatches))
