"""Findings about a client's handling of answers."""

from collections.abc import Iterator, Sequence

from gemulator.core.credentials import find_credentials
from gemulator.delivery.steps import Hang
from gemulator.state.journal.redaction import LEAK_HEADER
from gemulator.state.verdict.call import Finding, ObservedCall, signatures

_LONG_SILENCE = 60.0  # seconds; a client should time out earlier


def answers(calls: Sequence[ObservedCall]) -> Iterator[Finding]:
    """Yield findings about the calls of one session, which are in order."""
    for position, call in enumerate(calls):
        yield from _stream_findings(call)
        yield from _truncation_findings(call, calls[position + 1 :])
        yield from _signature_findings(call, calls[position + 1 :])
        yield from _result_findings(call)
        yield from _tolerance_findings(call)
        yield from _leak_findings(call)


def _stream_findings(call: ObservedCall) -> Iterator[Finding]:
    finished = call.entry.finished
    if finished is None:
        return
    if call.outcome == "client gone" and call.entry.received.exchange.stream and finished.chunks:
        yield Finding(
            "left a stream unread",
            (call.number,),
            f"the client disconnected after {finished.chunks} chunks, before the end of the stream",
            "Read streams to the end, or cancel them on purpose: generated tokens are billed either way.",
        )
    hung = sum(step.seconds for step in call.entry.received.delivery.steps if isinstance(step, Hang))
    if call.outcome == "cut" and hung >= _LONG_SILENCE:
        yield Finding(
            "no read timeout",
            (call.number,),
            f"the server sent nothing for {hung:.0f} s, and the client did not time out",
            "Set a read timeout that also applies after the headers of a stream.",
        )


def _truncation_findings(call: ObservedCall, later: Sequence[ObservedCall]) -> Iterator[Finding]:
    if call.is_complete or not call.text or call.status != 200 or call.entry.received.delivery.cut:
        return
    for other in later:
        if any(
            message.get("role") == "assistant" and message.get("content") == call.text for message in other.messages
        ):
            yield Finding(
                "took a truncated answer for a whole one",
                (call.number, other.number),
                "the client sent an answer without finish_reason back as an assistant message",
                "Check finish_reason. Without one the answer is incomplete: retry the request.",
            )
            return


def _signature_findings(call: ObservedCall, later: Sequence[ObservedCall]) -> Iterator[Finding]:
    for other in later if call.call_signatures else ():
        returned = dict(pair for message in other.messages for pair in signatures(message))
        for call_id, sign in call.call_signatures.items():
            if call_id in returned and returned[call_id] != sign:
                how, back = ("altered", "with another") if returned[call_id] else ("dropped", "without its")
                yield Finding(
                    f"{how} a thought signature",
                    (call.number, other.number),
                    f"the client sent call {call_id} back {back} signature",
                    "Send assistant messages back unchanged, including extra_content.",
                )


def _result_findings(call: ObservedCall) -> Iterator[Finding]:
    requested: set[str] = set()
    for message in call.messages:
        requested.update(call_id for call_id, _ in signatures(message))
        answered = message.get("tool_call_id")
        if message.get("role") == "tool" and answered and str(answered) not in requested:
            yield Finding(
                "mismatched tool_call ids",
                (call.number,),
                f"a tool message answers {answered}, which is not the id of an earlier call",
                "Send the answer after the message with the call, with the call's id as tool_call_id.",
            )


def _tolerance_findings(call: ObservedCall) -> Iterator[Finding]:
    for message in call.entry.received.exchange.tolerated:
        yield Finding(
            "sent what the service refuses",
            (call.number,),
            message,
            "Correct the request; the default strictness `service` refuses it.",
        )


def _leak_findings(call: ObservedCall) -> Iterator[Finding]:
    received = call.entry.received
    in_headers = received.headers.get(LEAK_HEADER, b"").decode()
    body = received.exchange.body
    in_body = [kind for kind in body.redacted if not kind.startswith("--")] or find_credentials(body.data)
    found = in_headers or "".join(in_body[:1])
    if found:
        yield Finding(
            "leaked a key",
            (call.number,),
            f"the {'headers or the query contain' if in_headers else 'body contains'} {found}",
            "Use dummy keys in tests. Revoke this key if others can read the emulator's traffic.",
        )
