"""openai-python on a self-deployed endpoint, with the fields that only vLLM knows in `extra_body`."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openai import APIError, BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel

from gemulator import Emulator
from tests import vllm_models

HELLO: Any = [{"role": "user", "content": "Who wrote Faust?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class Author(BaseModel):
    name: str
    year: int


@pytest.fixture
def client(empty: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=empty.endpoint_url("1234567890"), api_key=empty.token, max_retries=0) as client:
        yield client


def ask(client: OpenAI, **fields: Any) -> Any:
    return client.chat.completions.create(model="any", messages=HELLO, **fields)


def test_guided_json(client: OpenAI) -> None:
    answer = ask(client, extra_body={"guided_json": Author.model_json_schema()})
    Author.model_validate_json(answer.choices[0].message.content)


def test_structured_outputs(client: OpenAI) -> None:
    answer = ask(client, extra_body={"structured_outputs": {"choice": ["Goethe", "Schiller"]}})
    assert answer.choices[0].message.content in {"Goethe", "Schiller"}


def test_guided_regex(client: OpenAI) -> None:
    answer = ask(client, extra_body={"guided_regex": r"\d{4}-\d{2}"})
    assert re.fullmatch(r"\d{4}-\d{2}", answer.choices[0].message.content)


GRAMMAR = """
root ::= "SELECT " column " FROM " table (" WHERE " column " = " [0-9]+)?
column ::= "id" | "year"
table ::= "books" | "authors"
"""
QUERY = r"SELECT (id|year) FROM (books|authors)( WHERE (id|year) = [0-9]+)?"


@pytest.mark.parametrize("body", [{"guided_grammar": GRAMMAR}, {"structured_outputs": {"grammar": GRAMMAR}}])
@pytest.mark.parametrize("seed", range(5))
def test_a_grammar(client: OpenAI, body: dict[str, Any], seed: int) -> None:
    whole = ask(client, seed=seed, extra_body=body).choices[0].message.content
    assert re.fullmatch(QUERY, whole)
    stream = ask(client, seed=seed, extra_body=body, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == whole


def test_a_broken_grammar_is_refused_with_its_place(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match='line 2, column 10: Rule "table" is not defined') as caught:
        ask(client, extra_body={"guided_grammar": "# no table\nroot ::= table"})
    assert str(caught.value.message).count("Grammar error: ") == 1


def test_structural_tags_call_functions_in_the_text(client: OpenAI) -> None:
    year = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
    tags = [{"begin": f"<function={name}>", "schema": year, "end": "</function>"} for name in ("births", "deaths")]
    form = {"type": "structural_tag", "structures": tags, "triggers": ["<function="]}
    said = [ask(client, seed=seed, response_format=form).choices[0].message.content for seed in range(8)]
    calls = [re.findall(r"<function=(births|deaths)>(\{.*?\})</function>", text) for text in said]
    assert all(calls)
    assert {name for found in calls for name, _ in found} == {"births", "deaths"}
    assert all(isinstance(json.loads(arguments)["year"], int) for found in calls for _, arguments in found)


def test_parse_fills_a_model(client: OpenAI) -> None:
    answer = client.chat.completions.parse(model="any", messages=HELLO, response_format=Author)
    assert isinstance(answer.choices[0].message.parsed, Author)


@pytest.mark.parametrize("thinking", [True, False])
def test_thinking_is_switched_in_the_template(client: OpenAI, thinking: bool) -> None:
    kwargs = {"chat_template_kwargs": {"enable_thinking": thinking}}
    assert bool(ask(client, extra_body=kwargs).choices[0].message.reasoning) is thinking
    stream = list(ask(client, extra_body=kwargs, stream=True))
    assert any(getattr(chunk.choices[0].delta, "reasoning", None) for chunk in stream) is thinking


def test_lengths_can_be_forced(client: OpenAI) -> None:
    answer = ask(client, max_tokens=40, extra_body={"ignore_eos": True})
    assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (40, "length")
    assert ask(client, extra_body={"min_tokens": 120}).usage.completion_tokens >= 120


def test_weights_of_tokens(client: OpenAI) -> None:
    answer = ask(client, logprobs=True, top_logprobs=3, extra_body={"prompt_logprobs": 1})
    weights = answer.choices[0].logprobs.content
    assert "".join(weight.token for weight in weights) == answer.choices[0].message.content
    assert len(weights) == answer.usage.completion_tokens
    assert len(answer.prompt_logprobs) == answer.usage.prompt_tokens


def test_a_stop_sequence_is_named(client: OpenAI) -> None:
    words = ask(client).choices[0].message.content
    stop = words.split()[3]
    choice = ask(client, stop=[stop, "never said"]).choices[0]
    assert (choice.stop_reason, choice.finish_reason) == (stop, "stop")
    assert choice.message.content == words[: words.index(stop)]


def test_the_stream_helper_joins_calls_as_they_come(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="any", messages=HELLO, tools=[WEATHER], stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    message = final.choices[0].message
    assert message.role == "assistant"
    assert message.tool_calls
    assert message.tool_calls[0].id.startswith("chatcmpl-tool-")
    assert set(json.loads(message.tool_calls[0].function.arguments)) == {"city"}
    assert final.usage is not None


def test_candidates(client: OpenAI) -> None:
    answer = ask(client, n=3)
    assert len({choice.message.content for choice in answer.choices}) == 3
    alone = ask(client).choices[0].message.content
    assert alone == answer.choices[0].message.content


def test_a_refusal_can_be_read(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="temperature must be non-negative") as caught:
        ask(client, temperature=-1)
    assert caught.value.param == "temperature"
    assert caught.value.type == "BadRequestError"


def test_a_stream_that_fails_is_an_error_in_the_server_s_words(client: OpenAI) -> None:
    stream = ask(client, stream=True, extra_headers={"x-emulator-fault": "error_event: {after_chunks: 3}"})
    chunks: list[Any] = []
    with pytest.raises(APIError, match="Internal server error") as caught:
        chunks.extend(stream)
    assert len(chunks) == 3
    assert (caught.value.type, caught.value.code) == ("InternalServerError", "500")


def test_raw_answers_fit_the_server_s_models(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="any", messages=HELLO, tools=[WEATHER], n=2)
    vllm_models.Answer.model_validate_json(raw.content)


def test_an_endpoint_of_a_catalog_may_be_unknown() -> None:
    with (
        Emulator(endpoints="catalog") as emulator,
        OpenAI(base_url=emulator.endpoint_url("1"), api_key="x", max_retries=0) as client,
        pytest.raises(NotFoundError, match="not found"),
    ):
        ask(client)
