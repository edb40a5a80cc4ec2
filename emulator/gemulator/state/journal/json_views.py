"""JSON types and views of the journal for the admin API."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, assert_never

import orjson

from gemulator.core.clock import rfc_3339
from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head, Step
from gemulator.state.journal.body import Body
from gemulator.state.journal.entry import Entry, Event
from gemulator.state.journal.redaction import elide_media, redact_headers
from gemulator.state.journal.upstream_view import UpstreamView, upstream_view


class MismatchView(TypedDict):
    """Failed condition. In texts, `>>` and `<<` stand around the first difference; `note` says where it is."""

    name: str
    expected: str
    actual: str
    note: NotRequired[str]


class NearMissView(TypedDict):
    turn: str
    mismatches: list[MismatchView]


class UsageView(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int


class FindingView(TypedDict):
    """Client error with its requests and advice."""

    kind: str
    requests: list[int]
    message: str
    advice: str


class StepView(TypedDict):
    """Step of an answer; `at` is in seconds since the request.

    A chunk has `bytes` and `text`; a step that ends a stream early has `end`.
    """

    at: float
    bytes: NotRequired[int]
    text: NotRequired[str]
    end: NotRequired[str]


class RequestView(TypedDict):
    """Request; `body` is JSON if it can be parsed, else text; `sha256` is set if the body is not stored as sent.

    `cut` is the number of bytes of its record that were stored, if they are not all, `advice` what to do about it.
    `redacted` are the kinds of credentials that it had.
    """

    headers: dict[str, str]
    size: int
    sha256: str | None
    body: Any
    cut: NotRequired[int]
    advice: NotRequired[str]
    redacted: NotRequired[list[str]]


class AnswerView(TypedDict):
    headers: dict[str, str]
    steps: list[StepView]


class EntryView(TypedDict):
    """Entry; `at` is in Unix seconds, `time` the same in ISO 8601. Fields of the end are null before it.

    `status` is 0 if no head was sent. `hint` says of a refusal what the client did and how to go on. `faults` is null
    in entries by an older release, which did not record faults and quotas. `upstream` is set if the request
    was forwarded.
    """

    id: int
    session: str
    at: float
    time: str
    method: str
    path: str
    model: str
    stream: bool
    status: int
    source: str
    scenario: str | None
    turn: int | None
    attempt: int
    outcome: str | None
    chunks: int | None
    bytes: int | None
    ttft: float | None
    duration: float | None
    usage: UsageView | None
    nearest: list[NearMissView]
    tolerated: list[str]
    hint: str | None
    refusal: str | None
    faults: list[str] | None
    quota: str | None
    upstream: UpstreamView | None
    request: NotRequired[RequestView]
    answer: NotRequired[AnswerView]


class NearestEntryView(TypedDict):
    id: int
    mismatches: list[MismatchView]


FailureKind: TypeAlias = Literal["entries", "order", "usage", "none_late", "none_unmatched", "times_used"]


class FailureView(TypedDict):
    """A failed check of `verify`. `check` is `kind`, with `[index]` for an item of a list.

    `found` counts the entries that match an item of `entries`, `entry` is the number of one that should not be there,
    `scenario` and `turn` name a turn that answered `used` of `times` times. `asked`: the scenario
    of that turn has answered in the session. `unknown`: the journal is incomplete, so that the check may hold or not.
    """

    check: str
    kind: FailureKind
    message: str
    nearest: list[NearestEntryView]
    index: NotRequired[int]
    found: NotRequired[int]
    entry: NotRequired[int]
    scenario: NotRequired[str]
    turn: NotRequired[int]
    used: NotRequired[int]
    times: NotRequired[int]
    unknown: NotRequired[bool]
    asked: NotRequired[bool]


class PageView(TypedDict):
    """Page of entries; `next` is the `after` of the next page, null on the last.

    `evicted` counts the entries of the session, or of all, that the journal has no more. `missing` are the reasons why
    not every request of the session is in the journal, `missed` counts those that were answered while the
    store was away. `answers` counts those of each turn, evicted ones too, unless there are reasons in `uncounted`.
    """

    entries: list[EntryView]
    next: int | None
    evicted: NotRequired[int]  # an older server does not say
    missing: NotRequired[list[str]]
    missed: NotRequired[int]
    answers: NotRequired[dict[str, int]]
    uncounted: NotRequired[list[str]]


class EventView(TypedDict):
    id: int
    event: str
    entry: EntryView


class SessionView(TypedDict):
    """Session; `problem` tells why its data in the store are unusable."""

    session: str
    entries: int
    bytes: int
    evicted: int
    published: int
    idle: float
    counters: dict[str, int]
    problem: NotRequired[str]


def entry_view(entry: Entry, *, full: bool = False) -> EntryView:
    """Return the view of an entry; with `full`, including request and answer."""
    received, finished = entry.received, entry.finished
    exchange = received.exchange
    view = EntryView(
        id=entry.number,
        session=received.session,
        at=received.at,
        time=rfc_3339(received.at),
        method=exchange.method,
        path=exchange.path,
        model=exchange.model,
        stream=exchange.stream,
        status=entry.status,
        source=exchange.source,
        scenario=exchange.scenario or None,
        turn=exchange.turn or None,
        attempt=received.attempt,
        outcome=finished.outcome if finished else None,
        chunks=finished.chunks if finished else None,
        bytes=finished.bytes if finished else None,
        ttft=finished.first if finished else None,
        duration=finished.duration if finished else None,
        usage=usage_view(exchange.usage),
        nearest=near_miss_views(exchange.nearest),
        tolerated=[*exchange.tolerated],
        hint=exchange.hint or None,
        refusal=exchange.refusal or None,
        faults=None if received.delivery.faults is None else [*received.delivery.faults],
        quota=exchange.quota or None,
        upstream=upstream_view(finished),
    )
    if full:
        view["request"] = request_view(exchange.body, redact_headers(received.headers))
        view["answer"] = _answer(entry.sent)
    return view


def event_view(event: Event) -> EventView:
    """Return the view of an event for the live stream."""
    return EventView(id=event.number, event=event.kind, entry=entry_view(event.entry))


def near_miss_views(nearest: Sequence[NearMiss]) -> list[NearMissView]:
    """Return the views of near misses."""
    return [NearMissView(turn=near.where, mismatches=mismatch_views(near.mismatches)) for near in nearest]


def mismatch_views(mismatches: Sequence[Mismatch]) -> list[MismatchView]:
    """Return the views of mismatches."""
    return [_mismatch_view(one) for one in mismatches]


def _mismatch_view(mismatch: Mismatch) -> MismatchView:
    view = MismatchView(name=mismatch.name, expected=mismatch.expected, actual=mismatch.actual)
    if mismatch.note:
        view["note"] = mismatch.note
    return view


def mismatch_text(mismatch: MismatchView) -> str:
    """Return a mismatch as text."""
    return str(Mismatch(**mismatch))


def usage_view(usage: Usage | None) -> UsageView | None:
    """Return the view of token counts; None for a refusal."""
    if usage is None:
        return None
    return UsageView(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )


def request_view(body: Body, headers: dict[str, str]) -> RequestView:
    """Return the view of a request, media shortened."""
    text = body.shown.decode("utf-8", "replace")
    try:
        tree = text if body.cut else orjson.loads(text)
        orjson.dumps([[[[tree]]]])  # nested as in a page: raises if the body is too deep to be sent as JSON
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        tree = text
    view = RequestView(headers=headers, size=body.size, sha256=body.sha256 or None, body=tree)
    if body.cut and body.size:
        view["cut"] = len(body.kept)
    if body.redacted:
        view["redacted"] = list(body.redacted)
    return view


def _answer(steps: Sequence[Step]) -> AnswerView:
    head = next((step for step in steps if isinstance(step, Head)), None)
    return AnswerView(headers=redact_headers(dict(head.headers)) if head else {}, steps=step_views(steps))


def step_views(steps: Iterable[Step]) -> list[StepView]:
    """Return the views of the steps after the head, with their times."""
    at, views = 0.0, []
    for step in steps:
        at += step.wait
        match step:
            case Chunk():
                text = elide_media(step.data).decode("utf-8", "replace")
                views.append(StepView(at=round(at, 6), bytes=len(step.data), text=text))
            case CloseConnection():
                views.append(StepView(at=round(at, 6), end="reset" if step.reset else "cut"))
            case Hang():
                views.append(StepView(at=round(at, 6), end=f"hang for {step.seconds:g} s"))
            case Head():
                pass
            case _:
                assert_never(step)
    return views
