"""Requests for more output than one may have are refused before an answer is begun."""

import json
from typing import Any

import pytest

from tests.endpoint import Answer, Endpoint, user

pytestmark = pytest.mark.slow

LONG: dict[str, Any] = {"min_tokens": 131_072}
PROBABLE: dict[str, Any] = {"logprobs": True, "top_logprobs": 20}
WORDS = "gemulator: the request asks for"


def ask(target: str = "123", content: str = "Go.", reply: str = "", **fields: Any) -> Answer:
    endpoint = Endpoint(f"turns: [{{ reply: {json.dumps(reply)} }}]" if reply else "")
    body = {"model": "deepseek-ai/deepseek-v3.2-maas", "messages": [user(content)], **fields}
    return endpoint.send(json.dumps(body).encode(), target)


@pytest.mark.parametrize("target", ["123", "tgi-1", "openapi"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fields", [{"n": 400, **LONG}, {"n": 16_000}, {**LONG, **PROBABLE}])
def test_too_much_output_is_refused(target: str, stream: bool, fields: dict[str, Any]) -> None:
    answer = ask(target, stream=stream, **fields)
    assert answer.status == 400
    assert WORDS in answer.text
    assert "which is too much work. Lower " in answer.text


def test_the_refusal_names_cause_and_cure() -> None:
    error = ask(n=400, **LONG).body["error"]
    assert error["message"] == (
        "gemulator: the request asks for 400 answers of 131072 tokens or more, which is too much work."
        " Lower n or the length of the answers."
    )


def test_the_servers_own_limit_comes_first() -> None:
    assert ask(n=100_000, **LONG).body["error"]["message"].startswith("n must be at most 16384, got 100000.")


@pytest.mark.parametrize("fields", [LONG, {"n": 100}, {"n": 8, "min_tokens": 10_000}, {"n": 8, **PROBABLE}])
def test_usual_output_is_answered(fields: dict[str, Any]) -> None:
    answer = ask(**fields)
    assert answer.status == 200, answer.text
    assert len(answer.body["choices"]) == fields.get("n", 1)


def test_a_long_reply_of_a_scenario_is_not_repeated_endlessly() -> None:
    assert ask(reply="word " * 10_000, n=20).status == 200
    answer = ask(reply="word " * 10_000, n=1_000)
    assert answer.status == 400
    assert "1000 answers of 10" in answer.text


def test_probabilities_of_a_long_prompt_are_refused() -> None:
    assert ask(content="word " * 1_000, prompt_logprobs=20).status == 200
    error = ask(content="word " * 100_000, prompt_logprobs=20).body["error"]
    assert error["message"].endswith("Lower prompt_logprobs or shorten the prompt.")
