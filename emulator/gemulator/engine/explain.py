"""Explanation of an answer, for `gemulator explain` and the admin API."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, assert_never

from msgspec import Struct

from gemulator.core.credentials import Redactor
from gemulator.core.errors import NearMiss
from gemulator.core.plan import Answer, Choice, Failure, Media, Part, Plan, RawAnswer, Text, Thought, ToolCall, Usage
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, Step
from gemulator.engine.redacted_request import redact_near_misses
from gemulator.state.journal.answers import redact_delivery
from gemulator.state.journal.entry import Exchange

Redact: TypeAlias = Callable[[str], str]

_WIDTH = 100  # characters shown of a text or a chunk


class Explanation(Struct, frozen=True):
    """The answer to one request and the reasons for it.

    `location` is file and line of the turn that answers, empty if none does. `also_matching` are the later turns that
    match too, `exhausted` the matching turns whose `times` are used up, `nearest` the near misses, nearest first.
    """

    exchange: Exchange
    delivery: Delivery
    attempt: int
    answer: Answer | None
    location: str = ""
    also_matching: Sequence[str] = ()
    exhausted: Sequence[NearMiss] = ()
    nearest: Sequence[NearMiss] = ()

    def text(self, redactor: Redactor) -> str:
        """Return the explanation in lines, without credentials: they are searched before texts are cut."""
        return "\n".join(self._lines(redactor))

    def _lines(self, redactor: Redactor) -> Iterator[str]:
        yield _headline(self.exchange, self.location)
        yield from (f"  {turn} matches too, but comes later." for turn in self.also_matching)
        others = (*self.exhausted, *redact_near_misses(self.nearest, redactor))
        if others:
            yield "\nTurns that did not answer, nearest first:"
            yield from (f"  {near}" for near in others)
        yield "\nAnswer:"
        yield from (f"  {line}" for line in _answer(self.answer, redactor.text))
        yield "\nDelivery:"
        yield from (f"  {line}" for line in _steps(redact_delivery(self.delivery, redactor).steps))


def _headline(exchange: Exchange, location: str) -> str:
    if exchange.turn:
        return f"Answered by {exchange.scenario}/{exchange.turn} ({location})."
    reasons = {
        "generated": "No turn matches: the answer is generated.",
        "forwarded": "No turn matches: the upstream answers.",
        "refused": "Refused before a turn was chosen. Only an error of a turn comes first.",
    }
    return reasons.get(exchange.source, "No turn matches.")


def _answer(answer: Answer | None, redact: Redact) -> Iterator[str]:
    match answer:
        case None:
            yield "that of the upstream, which is not asked here"
        case Failure():
            yield f"error {answer.status} {answer.code}: {redact(answer.message)}"
        case RawAnswer():
            size = sum(len(chunk.data) for chunk in answer.chunks)
            what = f"{len(answer.chunks)} events" if answer.is_stream else "body"
            yield f"literal {what} of {size:,} bytes, status {answer.status}"
        case Plan():
            for index, choice in enumerate(answer.choices):
                yield from _choice(choice, f"candidate {index}: " if len(answer.choices) > 1 else "", redact)
            yield _tokens(answer.usage)
        case _:
            assert_never(answer)


def _tokens(usage: Usage) -> str:
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens)
    return "tokens: {} prompt, {} completion, {} reasoning".format(*counts)


def _choice(choice: Choice, prefix: str, redact: Redact) -> Iterator[str]:
    for part in choice.parts:
        yield f"{prefix}{_part(part, redact)}"
    if choice.refusal is not None:
        yield f"{prefix}refusal: {_shorten(redact(choice.refusal))}"
    yield f"{prefix}finish: {choice.finish}"


def _part(part: Part, redact: Redact) -> str:
    match part:
        case Text(text=text):
            return f"text: {_shorten(redact(text))}"
        case Thought(text=text):
            return f"thinking: {_shorten(redact(text))}"
        case ToolCall():
            return f"call: {part.name} {_shorten(redact(part.arguments))}"
        case Media():
            return f"{part.kind}: {part.mime}, {len(part.data) * 3 // 4:,} bytes"
        case _:
            assert_never(part)


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    """Yield one line per step, with the seconds since the request at which it is sent."""
    at = 0.0
    for step in steps:
        at += step.wait
        yield f"{at:8.3f} s  {_step(step)}"


def _step(step: Step) -> str:
    match step:
        case Head():
            return f"head {step.status}"
        case Chunk():
            events = step.data.count(b"\n\n")
            size = f"{len(step.data):,} bytes" + (f" in {events} events" if events > 1 else "")
            return f"chunk, {size}: {_shorten(step.data.decode('utf-8', 'replace'))}"
        case CloseConnection():
            return "the connection is reset" if step.reset else "the connection is closed"
        case Hang():
            return f"no data for {step.seconds:g} s, then the connection is closed"
        case _:
            assert_never(step)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
