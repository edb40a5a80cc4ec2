"""Whether a client asks again when it should, and only then."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from gemulator.state.verdict.call import Finding, ObservedCall

_QUICK = 0.1  # seconds between attempts that leave a struggling server no air
_STORM = 3  # such attempts in a row
_MANY = 10  # attempts at one request, at any pace


def retries(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    """Findings about all requests that ask the same, in order."""
    yield from _hopeless(attempts)
    yield from _idle(attempts)
    yield from _abandoned(attempts)
    yield from _storms(attempts)
    yield from _hasty(attempts)


def _hopeless(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    for first, second in pairwise(attempts):
        if first.refused:
            yield Finding(
                "retried a refusal",
                (first.number, second.number),
                f"{first.status} will not pass, and yet the same request came again",
                "Retry 408, 409, 429 and 5xx only; mend the request, or show the error.",
            )


def _idle(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    done = [call for call in attempts if call.status == 200 and call.outcome == "completed" and call.complete]
    if len(done) > 1:
        yield Finding(
            "repeated an identical request",
            tuple(call.number for call in done),
            f"the same request was answered {len(done)} times",
            "Keep the answer, or say in the request why it is asked again.",
        )


def _abandoned(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    if len(attempts) == 1 and attempts[0].retryable and attempts[0].outcome in {"completed", "cut"}:
        what = f"{attempts[0].status} may pass" if attempts[0].status else "the connection failed"
        yield Finding(
            "gave up too early",
            (attempts[0].number,),
            f"{what}, and the request never came again",
            "Retry at least once, with a growing pause; SDKs do so unless max_retries is 0.",
        )


def _storms(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    failed = [call for call in attempts if call.retryable]
    quick: list[ObservedCall] = failed[:1]
    for first, second in pairwise(failed):
        if second.at - first.ended < _QUICK:
            quick.append(second)
        elif len(quick) <= _STORM:
            quick = [second]
    stormed = quick if len(quick) > _STORM else failed if len(failed) > _MANY else ()
    if stormed:
        yield Finding(
            "stormed",
            tuple(call.number for call in stormed),
            f"{len(stormed)} attempts at one request that failed"
            + (f", less than {_QUICK * 1000:.0f} ms apart" if stormed is quick else ""),
            "Back off exponentially with jitter, and stop after a few attempts.",
        )


def _hasty(attempts: Sequence[ObservedCall]) -> Iterator[Finding]:
    for first, second in pairwise(attempts):
        if first.retry_after is not None and second.at < first.ended + first.retry_after:
            waited = second.at - first.ended
            yield Finding(
                "ignored retry-after",
                (first.number, second.number),
                f"told to wait {first.retry_after:.0f} s, the client waited {max(0.0, waited):.2f} s",
                "Wait as long as the header says before the next attempt.",
            )
