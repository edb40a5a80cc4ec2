"""The app under test: it asks a model, runs the tools that the model calls, and knows nothing of gemulator."""

import asyncio
import json
from collections.abc import Iterator

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

MODEL = "google/gemini-3.5-flash"
TOOLS: list[ChatCompletionFunctionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def weather_of(city: str) -> str:
    return json.dumps({"city": city, "temperature": 21, "sky": "sunny"})


def ask(question: str) -> str:
    """What the model says in the end."""
    with OpenAI() as client:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": question}]
        while True:
            answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS).choices[0].message
            if not answer.tool_calls:
                return answer.content or ""
            messages.append(answer.to_dict())  # type: ignore[arg-type]  # the SDK's own way back
            for call in answer.tool_calls:
                if call.type == "function":
                    city = json.loads(call.function.arguments)["city"]
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": weather_of(city)})


def stream(question: str) -> Iterator[str]:
    """The answer, piece by piece."""
    with OpenAI() as client:
        chunks = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], stream=True
        )
        for chunk in chunks:
            yield chunk.choices[0].delta.content or ""


async def ask_all(questions: list[str]) -> list[str]:
    """The answers to several questions, asked at once."""
    async with AsyncOpenAI() as client:

        async def one(question: str) -> str:
            answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
            return answer.choices[0].message.content or ""

        return await asyncio.gather(*map(one, questions))


if __name__ == "__main__":
    import sys

    print(ask(sys.argv[1]))
