"""Agent loops of real clients: two steps of tools with Gemini 3 signatures, and the refusal where one is dropped."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest

from gemulator import Emulator
from tests.clients.conftest import Wire

MODEL = "google/gemini-3.1-pro-preview"
QUESTION = "Plan my trip to Paris."
ANSWER = "It is 21 °C in Paris, and your room is booked."
RESULTS = {"get_weather": '{"celsius": 21}', "book_hotel": '{"booked": true}'}
CITY = {"type": "string"}
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {"city": CITY}}}}
    for name in RESULTS
]


def settled(wire: Wire, run: Callable[[], str]) -> None:
    """The loop ends with the answer where signatures come back; else the service refuses its second request."""
    if wire.forgetful:
        with pytest.raises(Exception, match="400"):
            run()
        assert len(wire.bodies) == 2
        return
    assert run() == ANSWER
    assert (len(wire.bodies), wire.signed) == (3, 2)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_openai_python(trip: Emulator, wire: Wire, stream: bool) -> None:
    def run() -> str:
        with openai.OpenAI(
            base_url=trip.base_url, api_key=trip.token, max_retries=0, http_client=_http(wire)
        ) as client:
            messages: list[Any] = [{"role": "user", "content": QUESTION}]
            while True:
                message = _streamed(client, messages) if stream else _whole(client, messages)
                if not message.get("tool_calls"):
                    return str(message["content"])
                messages.append(message)
                messages += [
                    {"role": "tool", "tool_call_id": call["id"], "content": RESULTS[call["function"]["name"]]}
                    for call in message["tool_calls"]
                ]

    settled(wire, run)


def _http(wire: Wire) -> Any:
    return httpx.Client(transport=wire)


def _whole(client: openai.OpenAI, messages: list[Any]) -> dict[str, Any]:
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    return answer.choices[0].message.model_dump(exclude_none=True)


def _streamed(client: openai.OpenAI, messages: list[Any]) -> dict[str, Any]:
    stream = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS, stream=True)
    deltas = [chunk.choices[0].delta.model_dump(exclude_none=True) for chunk in stream]
    calls = [
        {key: value for key, value in call.items() if key != "index"}
        for delta in deltas
        for call in delta.get("tool_calls", ())
    ]
    return {"role": "assistant", "content": "".join(delta.get("content", "") for delta in deltas), "tool_calls": calls}


def test_langchain(trip: Emulator, wire: Wire) -> None:
    pytest.importorskip("langchain_openai", reason="pip install -r tests/clients/requirements.txt")
    from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

    from tests.clients.langchain_signatures import SigningChatOpenAI

    model = SigningChatOpenAI(
        model=MODEL,
        base_url=trip.base_url,
        api_key=trip.token,
        max_retries=0,
        http_client=httpx.Client(transport=wire),
    )

    def run() -> str:
        messages: list[BaseMessage] = [HumanMessage(QUESTION)]
        while True:
            answer = model.bind_tools(TOOLS).invoke(messages)
            if not answer.tool_calls:
                return str(answer.content)
            messages.append(answer)
            messages += [ToolMessage(RESULTS[call["name"]], tool_call_id=call["id"]) for call in answer.tool_calls]

    settled(wire, run)


def langchain_loop(server: Emulator, **options: Any) -> str:
    """Run LangChain's own model with tools until it answers."""
    langchain = pytest.importorskip("langchain_openai", reason="pip install -r tests/clients/requirements.txt")
    from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

    model = langchain.ChatOpenAI(
        model=MODEL, base_url=server.base_url, api_key=server.token, max_retries=0, **options
    ).bind_tools(TOOLS)
    messages: list[BaseMessage] = [HumanMessage(QUESTION)]
    while True:
        answer = model.invoke(messages)
        if not answer.tool_calls:
            return str(answer.content)
        messages.append(answer)
        messages += [ToolMessage(RESULTS[call["name"]], tool_call_id=call["id"]) for call in answer.tool_calls]


def test_langchain_as_it_comes_is_told_why_it_is_refused(default_trip: Emulator) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        langchain_loop(default_trip)
    body: Any = caught.value.body
    assert "missing a thought_signature" in body[0]["error"]["message"]
    hint = caught.value.response.headers["x-emulator-hint"]
    assert hint.startswith("the call `get_weather` came back without its `extra_content`; ")
    assert "ChatOpenAI drop it; to go on: keep the assistant message as it came" in hint
    assert hint.endswith(", or `--strictness lenient`")


def test_langchain_goes_on_if_lenient(default_trip: Emulator) -> None:
    assert langchain_loop(default_trip, default_headers={"x-emulator-strictness": "lenient"}) == ANSWER


def test_pydantic_ai(trip: Emulator, wire: Wire) -> None:
    ai = pytest.importorskip("pydantic_ai", reason="pip install -r tests/clients/requirements.txt")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async def run() -> str:
        async with httpx.AsyncClient(transport=wire) as sending:
            http: Any = sending
            client = openai.AsyncOpenAI(base_url=trip.base_url, api_key=trip.token, max_retries=0, http_client=http)
            agent = ai.Agent(OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client)))
            agent.tool_plain(get_weather)
            agent.tool_plain(book_hotel)
            result = await agent.run(QUESTION)
            return str(result.output)

    settled(wire, lambda: asyncio.run(run()))


def get_weather(city: str) -> str:
    """The weather of a city."""
    return RESULTS["get_weather"]


def book_hotel(city: str, nights: int) -> str:
    """Book a room."""
    return RESULTS["book_hotel"]
