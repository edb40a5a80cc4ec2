"""Rendered bytes with placeholders."""

import json

import pytest

from gemulator.delivery import byte_template
from gemulator.delivery.byte_template import ByteTemplate, Placeholders
from tests.endpoint import GEMINI_2, GEMINI_3, Endpoint, tool

CALLS = 100
DIALECTS = [
    (GEMINI_3, "openapi"),
    (GEMINI_2, "openapi"),
    ("deepseek-ai/deepseek-r1-0528-maas", "openapi"),
    ("meta/llama-4-scout-17b-16e-instruct-maas", "openapi"),
    ("moonshotai/kimi-k2-thinking-maas", "openapi"),
    ("m", "123"),
    ("m", "tgi-1"),
]


def _answers(model: str, endpoint: str, *, stream: bool) -> list[str]:
    calls = ", ".join(f"{{ call: f, with: {{ at: 'x%{n}' }} }}" for n in range(CALLS))
    served = Endpoint(f"turns: [{{ reply: [{calls}] }}]")
    body = {"model": model, "messages": [{"role": "user", "content": "Go."}], "tools": [tool("f")], "stream": stream}
    sent = json.dumps(body).encode()
    answers = [served.send(sent, endpoint) for _ in range(4)]
    assert {answer.status for answer in answers} == {200}
    return [answer.text for answer in answers]


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "endpoint"), DIALECTS)
def test_many_placeholders_are_replaced_as_few_are(
    model: str, endpoint: str, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = _answers(model, endpoint, stream=stream)
    monkeypatch.setattr(byte_template, "_FEW", 10_000)
    assert many == _answers(model, endpoint, stream=stream)
    assert len(set(many)) > 1


def test_many_ids_are_looked_up_in_the_strings_of_a_chunk() -> None:
    ids = tuple(b"call-%08d" % number for number in range(200))
    placeholders = Placeholders(ids)
    templates = [ByteTemplate(b'{"id":"%b","text":"100%%"}' % value, placeholders) for value in ids]
    others = tuple(b"other-%08d" % number for number in range(200))
    filled = [template.fill(others) for template in templates]
    assert filled == [b'{"id":"%b","text":"100%%"}' % value for value in others]
    assert len(placeholders._pattern.pattern) < 100, "the time to search does not grow with the number of ids"
