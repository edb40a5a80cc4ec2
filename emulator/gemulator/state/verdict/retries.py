"""Findings about a client's retries."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from gemulator.state.verdict.call import Finding, ObservedCall

_STORM_INTERVAL = 0.1  # seconds; attempts at shorter intervals do not let an overloaded server recover
_STORM_SIZE = 3  # consecutive attempts at such intervals
_MAX_ATTEMPTS = 10  # failed attempts at one request, at any interval


def retries(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    """Yield findings about all equal requests, which are in order."""
    yield from _retried_refusals(attempts)
    yield from _repeated_requests(attempts)
    yield from _missing_retries(attempts)
    yield from _retry_storms(attempts)
    yield from _early_retries(attempts)


def _retried_refusals(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    for first, second in pairwise(attempts):
        if first.is_final_refusal:
            yield Finding(
                "retried a refusal",
                (first.number, second.number),
                f"status {first.status} is permanent, but the client sent the same request again",
                "Retry only 408, 409, 429 and 5xx. Fix the request, or report the error.",
            )


def _repeated_requests(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    done = [call for call in attempts if call.status == 200 and call.outcome == "completed" and call.is_complete]
    if len(done) > 1:
        yield Finding(
            "repeated an identical request",
            tuple(call.number for call in done),
            f"the same request was answered {len(done)} times",
            "Cache the answer, or make the requests differ.",
        )


def _missing_retries(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    if len(attempts) == 1 and attempts[0].is_retryable and attempts[0].outcome in {"completed", "cut"}:
        failure = f"status {attempts[0].status} is transient" if attempts[0].status else "the connection failed"
        yield Finding(
            "gave up too early",
            (attempts[0].number,),
            f"{failure}, but the client did not retry",
            "Retry at least once with exponential backoff; SDKs do so unless max_retries is 0.",
        )


def _retry_storms(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    failed = [call for call in attempts if call.is_retryable]
    quick: list[ObservedCall] = failed[:1]
    for first, second in pairwise(failed):
        if second.at - first.ended < _STORM_INTERVAL:
            quick.append(second)
        elif len(quick) <= _STORM_SIZE:
            quick = [second]
    storm = quick if len(quick) > _STORM_SIZE else failed if len(failed) > _MAX_ATTEMPTS else ()
    if storm:
        yield Finding(
            "stormed",
            tuple(call.number for call in storm),
            f"{len(storm)} failed attempts at one request"
            + (f", less than {_STORM_INTERVAL * 1000:.0f} ms apart" if storm is quick else ""),
            "Back off exponentially with jitter, and stop after a few attempts.",
        )


def _early_retries(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    for first, second in pairwise(attempts):
        if first.retry_after is not None and second.at < first.ended + first.retry_after:
            waited = second.at - first.ended
            yield Finding(
                "ignored retry-after",
                (first.number, second.number),
                f"retry-after was {first.retry_after:g} s, but the client waited {max(0.0, waited):.2f} s",
                "Wait for the time in retry-after before the next attempt.",
            )
