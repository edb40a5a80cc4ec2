"""Identity of what the service says: one hash over hundreds of seeded answers, one over the marks of shipped turns.

`tests/golden/identity.txt` changes only when an answer is meant to change. Write it again with
`python -m tests.test_answer_bytes`.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx

from gemulator import create_app
from gemulator.core.settings import Settings
from gemulator.scenario.library import load
from tests.endpoint import calling, google, image, result, schema, thinking, tool, user

GOLDEN = Path(__file__).parent / "golden" / "identity.txt"
SHIPPED = Path(__file__).parents[1] / "scenarios"
FROZEN = "2026-02-11T22:54:21Z"
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

PROMPTS = (
    "Hello!",
    "Why is the sky blue?",
    "What is the weather like in Lisbon and Osaka tomorrow?",
    "Write a haiku about the sea.",
    "Schreibe eine kurze Geschichte über einen Fuchs.",
    "プログラミングについて教えてください。",
    "¿Cuánto es 17 por 23?",
    "List five cities in Italy as a table.",
    "Write a Python function that reverses a list.",
    "Summarize: Alice and Bob are going to a science fair on Friday.",
    "اكتب رسالة قصيرة إلى صديق.",
    "x" * 300,
    "Book a table for 4 at 'Chez Nous' on 2026-03-01 at 19:30, order #A-4711, budget $200.",
)
MODELS = (
    "google/gemini-3.1-pro-preview",
    "google/gemini-2.5-flash",
    "google/gemini-3.7-flash",
    "deepseek-ai/deepseek-r1-0528-maas",
    "meta/llama-4-scout-17b-16e-instruct-maas",
)
GEMINI = MODELS[:2]
IMAGES = "google/gemini-3-pro-image-preview"
SPEECH = "google/gemini-2.5-flash-preview-tts"
ENDPOINTS = ("123", "tgi-1")

EVENT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "participants": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "priority": {"enum": ["low", "high"]},
        "budget": {"type": "number", "minimum": 0, "maximum": 500},
    },
    "required": ["name", "date", "participants", "priority"],
}
TOOLS = [
    tool("get_weather", city={"type": "string"}, unit={"type": "string", "enum": ["celsius", "fahrenheit"]}),
    tool("book_table", restaurant={"type": "string"}, people={"type": "integer"}, at={"type": "string"}),
]

Request = tuple[str, str, dict[str, Any]]  # name, endpoint, body


def ask(model: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [user(text)], **fields}


def requests() -> Iterator[Request]:
    """The requests, each under a name of its own."""
    for (number, prompt), model, stream in product(enumerate(PROMPTS), MODELS, (False, True)):
        options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        name = f"{model} prompt-{number}{' stream' if stream else ''}"
        yield f"{name} text", "openapi", ask(model, prompt, **options)
        if model != MODELS[4]:
            yield f"{name} tools", "openapi", ask(model, prompt, tools=TOOLS, **options)
        if not stream:
            yield f"{name} schema", "openapi", ask(model, prompt, response_format=schema(EVENT))
    yield from of_endpoints()
    for model, (name, fields), stream in product(GEMINI, OPTIONS.items(), (False, True)):
        yield (
            f"{model} {name}{' stream' if stream else ''}",
            "openapi",
            {**ask(model, PROMPTS[1]), **fields, "stream": stream},
        )
    for stream in (False, True):
        yield f"image stream={stream}", "openapi", ask(IMAGES, "A cat.", modalities=["text", "image"], stream=stream)
    yield "speech", "openapi", ask(SPEECH, "Say hello.", modalities=["audio"])
    for name, (endpoint, body) in ERRORS.items():
        yield f"error {name}", endpoint, body
    for number, (prompt, stream) in enumerate(product(SHIPPED_PROMPTS, (False, True))):
        yield f"shipped {number}", "openapi", ask(GEMINI[0], prompt, stream=stream)


def of_endpoints() -> Iterator[Request]:
    """Requests to self-deployed models."""
    for (number, prompt), endpoint, stream in product(enumerate(PROMPTS[:6]), ENDPOINTS, (False, True)):
        name = f"{endpoint} prompt-{number}{' stream' if stream else ''}"
        yield f"{name} text", endpoint, ask("", prompt, stream=stream)
        yield f"{name} tools", endpoint, ask("", prompt, stream=stream, tools=TOOLS)
        yield f"{name} logprobs", endpoint, ask("", prompt, stream=stream, logprobs=True, top_logprobs=2, max_tokens=9)


OPTIONS: dict[str, dict[str, Any]] = {
    "n": {"n": 3},
    "logprobs": {"logprobs": True, "top_logprobs": 3},
    "short": {"max_tokens": 5},
    "stop": {"stop": ["the"]},
    "json": {"response_format": {"type": "json_object"}},
    "thoughts": thinking(include_thoughts=True),
    "budget": thinking(include_thoughts=True, thinking_budget=200),
    "tags": {"extra_body": google(thinking_config={"include_thoughts": True}, thought_tag_marker="think")},
    "fragments": {"messages": [user()], "tools": TOOLS, "extra_body": google(stream_function_call_arguments=True)},
    "required": {"tools": TOOLS, "tool_choice": "required"},
    "forced": {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "book_table"}}},
    "functions": {"messages": [user()], "functions": [TOOLS[0]["function"]]},
    "picture": {"messages": [user([image(PIXEL), {"type": "text", "text": "What is this?"}])]},
    "unsigned": {"messages": [user(), calling("get_weather"), result("get_weather")], "tools": TOOLS},
    "seed": {"seed": 7},
    "effort": {"reasoning_effort": "low"},
}

ERRORS: dict[str, tuple[str, dict[str, Any]]] = {
    "no messages": ("openapi", {"model": GEMINI[0]}),
    "empty messages": ("openapi", {"model": GEMINI[0], "messages": []}),
    "unknown model": ("openapi", ask("google/gemini-9-nothing", "Hello")),
    "bare model": ("openapi", ask("gemini-2.5-flash", "Hello")),
    "bad type": ("openapi", ask(GEMINI[1], "Hello", temperature="warm")),
    "bad range": ("openapi", ask(GEMINI[1], "Hello", temperature=9)),
    "unknown field": ("openapi", ask(GEMINI[1], "Hello", colour="red")),
    "bad role": ("openapi", {"model": GEMINI[1], "messages": [{"role": "wizard", "content": "Hello"}]}),
    "lone result": ("openapi", {"model": GEMINI[1], "messages": [user(), result("get_weather")]}),
    "partner type": ("openapi", ask(MODELS[3], "Hello", temperature="warm")),
    "vllm message": ("123", {"model": "", "messages": [3]}),
    "vllm content": ("123", {"model": "", "messages": [{"role": "user", "content": 3}]}),
    "vllm field": ("123", ask("", "Hello", stream_options={"include_usage": "x"}, stream=True)),
    "vllm tools": ("123", ask("", "Hello", tools=[{"type": "function"}])),
    "vllm guided": ("123", ask("", "Hello", structured_outputs=3)),
    "vllm range": ("123", ask("", "Hello", top_p=7)),
    "tgi message": ("tgi-1", {"model": "", "messages": [3]}),
    "tgi range": ("tgi-1", ask("", "Hello", top_p=7)),
}

SHIPPED_PROMPTS = (
    "Plain chat, please.",
    "Cut this answer short.",
    "Give me error 404.",
    "Give me error 503.",
    "Show me long markdown.",
    "One tool: weather in Oslo",
    "Show me a blocked answer.",
    "Read this invoice as JSON.",
    "Tell me a riddle and think.",
    "Should I take an umbrella?",
    "Plan my trip step by step.",
    "Draw me a lighthouse at dusk.",
)


async def answers() -> dict[str, str]:
    """The hash of each answer, its status and the service's headers included."""
    app = create_app(Settings(scenarios=(SHIPPED,), clock=FROZEN, log_format="off"))
    out: dict[str, str] = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8089") as client:
        for name, endpoint, body in requests():
            assert name not in out, f"two requests are named {name}"
            path = f"/v1/projects/demo/locations/global/endpoints/{endpoint}/chat/completions"
            answer = await client.post(path, json=body, headers={"authorization": "Bearer x"})
            headers = [pair for pair in answer.headers.raw if not pair[0].startswith(b"x-emulator-")]
            out[name] = digest(
                str(answer.status_code).encode(), *(b": ".join(pair) for pair in headers), answer.content
            )
    return out


def marks() -> dict[str, str]:
    """The hash of what decides the words of each shipped turn, and of its counter's name."""
    return {str(turn): digest(turn.seed_key, turn.counter.encode()) for turn in load((SHIPPED,)).located_turns}


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def lines(kind: str, hashes: dict[str, str]) -> list[str]:
    """One line over all, then a line each."""
    whole = digest(*(f"{name} {each}".encode() for name, each in hashes.items()))
    return [f"{whole} all {len(hashes)} {kind}", *(f"{each[:16]} {name}" for name, each in hashes.items())]


def identity() -> list[str]:
    return [*lines("answers", asyncio.run(answers())), *lines("marks of shipped turns", marks())]


def test_answers_and_marks_are_those_of_the_golden() -> None:
    expected = GOLDEN.read_text().splitlines()
    found = identity()
    first = next((line for line in found if line not in expected and " all " not in line), None)
    assert first is None, f"the first that differs: {first}"
    assert found == expected


def test_there_are_enough_answers_of_each_kind() -> None:
    names = [name for name, _, _ in requests()]
    assert len(names) >= 420
    for kind in ("text", "tools", "schema", "stream", "logprobs", "n", "thoughts", "image", "error", "shipped"):
        assert any(kind in name.split() for name in names), kind


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(identity()) + "\n")
