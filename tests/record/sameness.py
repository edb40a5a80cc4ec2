"""Share of recorded answers that are written in parts: `python -m tests.record.sameness`."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from gemulator.core.credentials import Redactor
from gemulator.core.settings import Settings
from gemulator.delivery.steps import Chunk, Head
from gemulator.engine.engine import Engine
from gemulator.engine.incoming import IncomingRequest
from gemulator.record.exchange import Exchange, Piece
from gemulator.record.recorded_answer import RecordedPart, read_answer
from gemulator.record.recording import Lost, Recording, RecordingBuilder
from gemulator.record.replay import Replayer
from gemulator.request.target import Caller, target_of
from gemulator.scenario.library import Library, load
from gemulator.state.memory import MemoryStore
from tests.endpoint import CATALOG, user
from tests.test_answer_bytes import MODELS, PROMPTS, SHIPPED, TOOLS, requests

NOW = 1_770_850_461.0


def builder(**settings: Any) -> RecordingBuilder:
    return RecordingBuilder(Replayer(Settings(**{"scenarios": (), **settings}), CATALOG, lambda: NOW), Redactor())


async def record(library: Library, asked: Iterable[tuple[str, dict[str, Any]]], session: str) -> list[Exchange]:
    """Answer requests, and return the exchanges of those that the service does not refuse."""
    engine = Engine(Settings(scenarios=(), speed="0"), library, MemoryStore(), CATALOG, lambda: NOW)
    found = []
    for endpoint, body in asked:
        path = f"/v1/projects/demo/locations/global/endpoints/{endpoint}/chat/completions"
        target = target_of(path)
        assert target is not None
        raw = json.dumps(body).encode()
        answered = await engine.answer(IncomingRequest(raw, path, target, {}, Caller(session)))
        head, *steps = answered.delivery.steps
        assert isinstance(head, Head)
        pieces = [Piece(step.data, step.wait) for step in steps if isinstance(step, Chunk)]
        if answered.received.exchange.source != "refused":
            found.append(Exchange(path, raw, head.status, head.headers, pieces, session=session, source=session))
    return found


def goldens() -> list[Exchange]:
    """Return the exchanges of the identity test."""
    asked = [(endpoint, body) for _, endpoint, body in requests()]
    return asyncio.run(record(load((SHIPPED,)), asked, "goldens"))


def replay(recording: Recording, exchanges: list[Exchange]) -> list[str]:
    """Return how the answers of a recording differ."""
    replayer = Replayer(Settings(scenarios=()), CATALOG, lambda: NOW)
    return replayer.differences(replayer.read(recording.text, recording.files), exchanges)


def conversations(count: int) -> list[list[Exchange]]:
    """Return conversations with generated answers: a question, the tool that it calls, and a closing remark."""
    return [asyncio.run(_conversation(number)) for number in range(count)]


async def _conversation(number: int) -> list[Exchange]:
    topic, stream = PROMPTS[number % len(PROMPTS)], number % 2 == 0
    messages: list[dict[str, Any]] = [{"role": "system", "content": f"You are clerk {number}."}]
    found: list[Exchange] = []
    for turn in range(3):
        messages.append(user(f"{topic} Case {number}, part {turn}."))
        fields = {"stream": stream, "tools": TOOLS} if turn == 1 else {"stream": stream}
        body = {"model": MODELS[number % 3], "messages": messages, **fields}
        found += await record(Library(), [("openapi", body)], f"conversation-{number}")
        answer = read_answer(found[-1]).choices[0].parts
        calls = [part for part in answer if part.kind == "call"]
        messages.append(_message(answer))
        if calls:
            messages += [{"role": "tool", "tool_call_id": part.id, "content": '{"ok": true}'} for part in calls]
            found += await record(Library(), [("openapi", body)], f"conversation-{number}")
            messages.append({"role": "assistant", "content": "Done."})
    return found


def _message(parts: list[RecordedPart]) -> dict[str, Any]:
    """Return the message of an answer, as a client sends it again."""
    calls = []
    for part in parts:
        if part.kind == "call":
            call: dict[str, Any] = {"id": part.id, "type": "function"}
            call["function"] = {"name": part.name, "arguments": part.text}
            signed = {"extra_content": {"google": {"thought_signature": part.signature}}} if part.signature else {}
            calls.append(call | signed)
    content = "".join(part.text for part in parts if part.kind == "text")
    return {"role": "assistant", "content": content or None} | ({"tool_calls": calls} if calls else {})


class Result(NamedTuple):
    """Numbers of turns, and reasons of those not in parts and of answers that differ."""

    turns: int
    readable: int
    literal: Counter[str]
    different: Counter[str]
    lost: list[Lost]


def measure(sessions: list[list[Exchange]]) -> Result:
    """Record each session and replay it."""
    making = builder()
    recordings = [making.build(exchanges, "session") for exchanges in sessions]
    different = (reason for one, asked in zip(recordings, sessions, strict=True) for reason in replay(one, asked))
    return Result(
        sum(one.turns for one in recordings),
        sum(one.readable for one in recordings),
        Counter(reason for one in recordings for reason in one.literal),
        Counter(reason for reason in different if reason),
        [lost for one in recordings for lost in one.lost],
    )


def main() -> None:
    result = measure([goldens(), *conversations(200)])
    share = result.readable / result.turns
    print(f"{result.turns} turns, {share:.1%} in parts, {result.different.total()} answers differ")
    for reason, count in (result.literal + result.different).most_common():
        print(f"{count:5} {reason}")


if __name__ == "__main__":
    main()
