"""Validation of answers and chunks against OpenAI's schemas, except for documented differences."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from tests.endpoint import GEMINI_2, GEMINI_3, Answer, Endpoint, google, rows, saying, thinking, tool
from tests.openai_schemas import ANSWER, CHUNK

# Differences of the real service (wire-facts): pattern of path and validation error by name.
DIFFERENCES: Mapping[str, str] = {
    "§3.3 no `refusal` where there is none": r"choices\.\d+\.message: 'refusal' is a required property",
    "§3.3 no `content` beside calls": r"choices\.\d+\.message: 'content' is a required property",
    "§3.3 audio is data only": r"choices\.\d+\.message\.audio: '(id|expires_at|transcript)' is a required property",
    "§3.4 zero counters are left out": r"usage: '(prompt|completion)_tokens' is a required property",
    "§3.5 native finish reasons": r"choices\.\d+\.finish_reason: '\w+_filter: [A-Z_]+' is not one of .*",
    "§3.5 no message": r"choices\.\d+: 'message' is a required property",
    "§4.1 finish_reason in the last chunk only": r"choices\.\d+: 'finish_reason' is a required property",
    "our own: --tool-index missing": r"choices\.\d+\.delta\.tool_calls\.\d+: 'index' is a required property",
}

IMAGES = "google/gemini-3-pro-image-preview"
BOTH = "[{ call: f, with: { a: 1 } }, { call: g, with: {} }]"
SAMPLES: list[tuple[str, Endpoint, dict[str, Any]]] = [
    ("text", Endpoint(), {}),
    ("text, 2.5", Endpoint(), {"model": GEMINI_2}),
    ("three candidates", Endpoint(), {"n": 3}),
    ("length", Endpoint(), {"max_tokens": 2}),
    ("thoughts", Endpoint(), thinking(include_thoughts=True)),
    ("reasoning", Endpoint(), {"reasoning_effort": "high"}),
    ("calls", saying(BOTH), {}),
    ("calls in fragments", saying(BOTH), {"extra_body": google(stream_function_call_arguments=True)}),
    ("calls, sdk-safe", Endpoint(wire="sdk-safe"), {"tools": [tool()]}),
    ("calls without index", Endpoint(tool_index="missing"), {"tools": [tool()]}),
    ("picture", Endpoint(), {"model": IMAGES, "modalities": ["image"]}),
    ("text and picture", Endpoint(), {"model": IMAGES, "modalities": ["text", "image"]}),
    ("structured", Endpoint(), {"response_format": {"type": "json_object"}}),
    ("grounded", Endpoint(), {"web_search_options": {}}),
    ("nothing", saying('""'), {"text": "", "headers": {"x-emulator-strictness": "lenient"}}),
    ("filtered", saying('""', finish="content_filter: SAFETY"), {}),
    ("malformed call", saying('""', finish="function_call_filter: MALFORMED_FUNCTION_CALL"), {}),
]


def violations(answer: Answer, *, stream: bool) -> Iterator[str]:
    """Yield the schema violations of an answer; a known one as its name in DIFFERENCES."""
    validator = jsonschema.Draft202012Validator(CHUNK if stream else ANSWER)
    for body in answer.chunks if stream else [answer.body]:
        for error in validator.iter_errors(body):
            violation = f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
            yield next((name for name, known in DIFFERENCES.items() if re.fullmatch(known, violation)), violation)


@pytest.mark.parametrize(("endpoint", "fields"), rows(SAMPLES))
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_answers_fit_except_for_documented_differences(
    endpoint: Endpoint, fields: dict[str, Any], stream: bool
) -> None:
    assert set(violations(endpoint.ask(**fields, stream=stream), stream=stream)) <= set(DIFFERENCES)


def test_every_documented_difference_occurs() -> None:
    seen = {
        name
        for _, endpoint, fields in SAMPLES
        for stream in (False, True)
        for name in violations(endpoint.ask(**fields, stream=stream), stream=stream)
    }
    assert seen == set(DIFFERENCES)


@pytest.mark.parametrize(
    ("fields", "finish"),
    [({}, "stop"), ({"max_tokens": 2}, "length"), ({"tools": [tool()]}, "tool_calls")],
    ids=["text", "length", "calls"],
)
def test_openai_types_parse_common_answers(fields: dict[str, Any], finish: str) -> None:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    answer = Endpoint().ask(model=GEMINI_3, **fields)
    assert ChatCompletion.model_validate(answer.body).choices[0].finish_reason == finish
    chunks = Endpoint().ask(model=GEMINI_3, **fields, stream=True).chunks
    read = [
        ChatCompletionChunk.model_validate({**c, "choices": [{"finish_reason": None, **c["choices"][0]}]})
        for c in chunks
    ]
    assert read[-1].choices[0].finish_reason == finish
