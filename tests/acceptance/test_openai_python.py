"""The OpenAI client for Python, unmodified, on every example of the official page."""

import base64
import json
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from pydantic import BaseModel

from gemulator import Emulator

PRO = "google/gemini-3.1-pro-preview"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location", "unit"],
        },
    },
}


def test_text(inventing: OpenAI) -> None:
    answer = inventing.chat.completions.create(
        model=PRO, messages=[{"role": "user", "content": "Why is the sky blue?"}]
    )
    assert answer.model == PRO
    assert answer.choices[0].finish_reason == "stop"
    assert "sky" in (answer.choices[0].message.content or "").lower()


def test_a_stream_says_what_its_unary_twin_says(inventing: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Tell me about the sea."}]
    whole = inventing.chat.completions.create(model=PRO, messages=messages)
    chunks = list(inventing.chat.completions.create(model=PRO, messages=messages, stream=True))
    assert len(chunks) > 1
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert chunks[-1].id != whole.id


async def test_async_stream(empty: Emulator) -> None:
    async with AsyncOpenAI(base_url=empty.base_url, api_key=empty.token) as client:
        stream = await client.chat.completions.create(
            model=PRO, messages=[{"role": "user", "content": "Count the stars."}], stream=True
        )
        words = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(words).strip()


def test_image_input(inventing: OpenAI) -> None:
    parts: Any = [
        {"type": "text", "text": "Describe this image"},
        {"type": "image_url", "image_url": "gs://cloud-samples-data/generative-ai/image/scones.jpg"},
    ]
    with_image = inventing.chat.completions.create(
        model="google/gemini-2.0-flash-001", messages=[{"role": "user", "content": parts}]
    )
    without = inventing.chat.completions.create(
        model="google/gemini-2.0-flash-001", messages=[{"role": "user", "content": parts[:1]}]
    )
    assert with_image.usage
    assert without.usage
    assert with_image.usage.prompt_tokens - without.usage.prompt_tokens >= 258


def test_audio_input(inventing: OpenAI) -> None:
    parts: Any = [
        {"type": "text", "text": "Describe this: "},
        {"type": "input_audio", "input_audio": {"format": "audio/mp3", "data": "gs://bucket/pixel.mp3"}},
    ]
    answer = inventing.chat.completions.create(
        model="google/gemini-2.0-flash-001", messages=[{"role": "user", "content": parts}]
    )
    assert answer.choices[0].message.content


def test_image_output_is_a_picture_in_the_audio_field(inventing: OpenAI) -> None:
    answer = inventing.chat.completions.create(
        model="google/gemini-3-pro-image-preview",
        messages=[{"role": "user", "content": "Generate an image of a lighthouse."}],
        modalities=["image"],  # type: ignore[list-item]  # Google's own value
    )
    audio = answer.choices[0].message.audio
    assert audio is not None
    assert base64.b64decode(audio.data)[:8] == b"\x89PNG\r\n\x1a\n"
    assert answer.choices[0].message.content is None


def test_extra_body_nested_twice(inventing: OpenAI) -> None:
    answer = inventing.chat.completions.create(
        model="google/gemini-2.5-flash",
        messages=[{"role": "user", "content": "Is 91 prime?"}],
        extra_body={
            "extra_body": {
                "google": {"thinking_config": {"include_thoughts": True}, "thought_tag_marker": "think"},
            }
        },
    )
    content = answer.choices[0].message.content or ""
    assert content.startswith("<think>")
    assert "</think>" in content
    assert answer.choices[0].message.to_dict()["extra_content"] == {"google": {"thought": True}}


class Recipe(BaseModel):
    name: str
    servings: int
    steps: list[str]
    vegetarian: bool


def test_parse_with_a_pydantic_class(inventing: OpenAI) -> None:
    answer = inventing.chat.completions.parse(
        model=PRO, messages=[{"role": "user", "content": "A soup for 4."}], response_format=Recipe
    )
    assert isinstance(answer.choices[0].message.parsed, Recipe)


def test_tool_round_trip(inventing: OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = inventing.chat.completions.create(model=PRO, messages=messages, tools=[WEATHER])
    calls = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls"
    assert calls is not None
    assert calls[0].type == "function"
    assert "Paris" in json.loads(calls[0].function.arguments)["location"]
    assert calls[0].to_dict()["extra_content"]["google"]["thought_signature"]  # type: ignore[index]
    messages += [
        first.choices[0].message,
        {"role": "tool", "tool_call_id": calls[0].id, "content": '{"temperature": 21, "sky": "clear"}'},
    ]
    second = inventing.chat.completions.create(model=PRO, messages=messages, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert "21" in (second.choices[0].message.content or "")


def test_the_stream_helper_works_in_the_sdk_safe_wire(empty: Emulator) -> None:
    messages: Any = [{"role": "user", "content": "What is the weather like in Boston and New Delhi today?"}]
    google = {"google": {"stream_function_call_arguments": True}}
    headers = {"x-emulator-wire": "sdk-safe"}
    with (
        OpenAI(base_url=empty.base_url, api_key=empty.token, default_headers=headers) as client,
        client.chat.completions.stream(
            model=PRO, messages=messages, tools=[WEATHER], extra_body={"extra_body": google}
        ) as stream,
    ):
        message = stream.get_final_completion().choices[0].message
    assert message.role == "assistant"
    assert message.tool_calls
    assert [call.function.name for call in message.tool_calls] == ["get_current_weather"] * 2
    places = [json.loads(call.function.arguments)["location"] for call in message.tool_calls]
    assert ["Boston" in places[0], "New Delhi" in places[1]] == [True, True]


def test_a_refusal_is_an_array_on_openapi(inventing: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        inventing.chat.completions.create(model="gemini-3.5-flash", messages=[{"role": "user", "content": "Hi"}])
    assert isinstance(caught.value.body, list)
    assert "expected '<publisher>/<model>'" in caught.value.body[0]["error"]["message"]


def test_a_self_deployed_endpoint_needs_no_model(empty: Emulator) -> None:
    with OpenAI(base_url=empty.endpoint_url("1234567890"), api_key=empty.token) as client:
        answer = client.chat.completions.create(model="", messages=[{"role": "user", "content": "Hello there."}])
    assert answer.choices[0].message.content
