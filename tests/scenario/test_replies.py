"""Planned parts of each kind of reply."""

import base64
import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from gemulator.core.errors import ReplyError
from gemulator.core.plan import Choice, Failure, Media, RawAnswer, Text, Thought, ToolCall
from gemulator.core.seed import Seed
from gemulator.engine.planning.plan import Script
from gemulator.engine.planning.script import resolve_reply
from gemulator.generate.audio import length
from gemulator.scenario.model import COMPUTED, UsageFields
from gemulator.scenario.replies import KINDS, parts_of
from tests.asking import WEATHER, asked, called, planned, read, result, turn

HI = asked("hi")
TOLD = asked("hi", called("get"), result("get", {"temp": 21, "city": "Rome"}))


def choice(reply: Any, conversation: Any = HI, **fields: Any) -> Choice:
    return planned(turn(reply=reply, **fields), conversation).choices[0]


PLANNED: list[tuple[Any, tuple[Any, ...]]] = [
    ("Hi.", (Text("Hi."),)),
    ({"text": "Hi."}, (Text("Hi."),)),
    ([{"thinking": "Hm."}, {"text": "Hi."}], (Thought("Hm."), Text("Hi."))),
    ({"text": "a b c", "chunks": ["a ", "b c"]}, (Text("a b c", fragments=("a ", "b c")),)),
    ({"chunks": ["a ", "b"]}, (Text("a b", fragments=("a ", "b")),)),
    ({"text": "abcde", "chunks": {"characters": 2}}, (Text("abcde", fragments=("ab", "cd", "e")),)),
    ({"text": "a b  c d", "chunks": {"words": 2}}, (Text("a b  c d", fragments=("a b  ", "c d")),)),
    ({"thinking": "a b", "chunks": {"words": 1}}, (Thought("a b", fragments=("a ", "b")),)),
    ({"text": "It is {{ tool_result.temp }}."}, (Text("It is 21."),)),
    ({"chunks": ["{{ tool_result.city }}", "!"]}, (Text("Rome!", fragments=("Rome", "!")),)),
    ({"json": {"t": "{{ tool_result.temp }}", "l": [1]}}, (Text('{"t":21,"l":[1]}'),)),
    ({"call": "get", "with": {"b": 1, "a": "ü"}}, (ToolCall("get", "get", '{"b":1,"a":"ü"}'),)),
    ({"call": "get", "with": {"t": "{{ tool_result.temp }}"}}, (ToolCall("get", "get", '{"t":21}'),)),
    ({"call": "get"}, (ToolCall("get", "get", "{}"),)),
    ({"call": "get", "id": "c1", "arguments": '{"a": '}, (ToolCall("c1", "get", '{"a": '),)),
    ({"call": "get", "chunks": ['{"a"', ":1}"]}, (ToolCall("get", "get", '{"a":1}', fragments=('{"a"', ":1}")),)),
    (
        {"call": "a", "with": {"a": 1}, "chunks": {"characters": 4}},
        (ToolCall("a", "a", '{"a":1}', fragments=('{"a"', ":1}")),),
    ),
    ([{"call": "a"}, {"call": "b"}], (ToolCall("a", "a", "{}"), ToolCall("b", "b", "{}"))),
    ({"image": "x", "data": "QUJD"}, (Media("image", "image/png", "QUJD"),)),
    ({"choose": ["only"]}, (Text("only"),)),
    ([{"choose": [[{"text": "a"}, {"text": "b"}]]}, {"text": "c"}], (Text("a"), Text("b"), Text("c"))),
]


@pytest.mark.parametrize(("reply", "parts"), PLANNED, ids=[str(reply)[:60] for reply, _ in PLANNED])
def test_parts(reply: Any, parts: tuple[Any, ...]) -> None:
    assert choice(reply, TOLD, when={"tool_result": True}).parts == parts


def test_tokens_are_cut_as_they_are_counted() -> None:
    (text,) = choice({"text": "one two three four five", "chunks": {"tokens": 1}}).parts
    assert isinstance(text, Text)
    assert text.fragments is not None
    assert len(text.fragments) >= 4
    assert "".join(text.fragments) == text.text


@pytest.mark.parametrize(
    ("reply", "words"), [({"lorem": 30, "paragraphs": 3}, 30), ({"lorem": 5, "locale": "de_DE"}, 5)]
)
def test_lorem(reply: Any, words: int) -> None:
    (text,) = choice(reply).parts
    assert isinstance(text, Text)
    assert len(text.text.split()) == words
    assert text.text.count("\n\n") == reply.get("paragraphs", 1) - 1


def test_markdown_shows_everything() -> None:
    (text,) = choice({"markdown": "showcase"}, asked("honey")).parts
    assert isinstance(text, Text)
    assert all(mark in text.text for mark in ("\n## ", "\n|", "```", "\n- ", "\n1. ", "\n> ", "**"))


@pytest.mark.parametrize("given", [None, {"city": "Paris"}, {"city": "Paris", "unit": "celsius"}])
def test_arguments_are_completed_from_the_schema(given: Any) -> None:
    reply = {"call": "get_weather"} | ({"with": given} if given else {})
    (call,) = choice(reply, asked("hi", tools=[WEATHER])).parts
    assert isinstance(call, ToolCall)
    arguments = orjson.loads(call.arguments)
    assert arguments.items() >= (given or {}).items()
    assert arguments["unit"] == "celsius"
    assert isinstance(arguments["city"], str)


def test_arguments_that_do_not_fit_are_sent_as_they_are_written() -> None:
    (call,) = choice({"call": "get_weather", "with": {"city": 5}}, asked("hi", tools=[WEATHER])).parts
    assert isinstance(call, ToolCall)
    assert call.arguments == '{"city":5}'


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "image/webp"])
def test_a_picture_is_drawn(mime: str) -> None:
    from PIL import Image

    (media,) = choice({"image": "a {{ user }}", "size": "120x80", "mime": mime}).parts
    assert isinstance(media, Media)
    with Image.open(io.BytesIO(base64.b64decode(media.data))) as picture:
        assert (picture.size, picture.get_format_mimetype()) == ((120, 80), mime)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [({"audio": "beep", "tone": 440, "duration": "500ms"}, 0.5), ({"audio": "Good morning"}, None)],
)
def test_a_sound_is_made(reply: Any, seconds: float | None) -> None:
    (media,) = choice(reply).parts
    assert isinstance(media, Media)
    assert (media.kind, media.mime) == ("audio", "audio/wav")
    heard = length(base64.b64decode(media.data))
    assert heard == seconds if seconds else 0.3 < heard < 5


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}


def test_json_has_to_fit_the_schema_of_the_request() -> None:
    conversation = asked("hi", response_format=FORMAT)
    assert choice({"json": {"a": 1}}, conversation).parts == (Text('{"a":1}'),)
    with pytest.raises(ReplyError, match="is invalid against the schema of the request"):
        choice({"json": {"a": "x"}}, conversation)


@pytest.mark.parametrize(
    ("reply", "status", "code", "message"),
    [
        ({"error": 429}, 429, "RESOURCE_EXHAUSTED", "Resource exhausted."),
        ({"error": 503, "retry_after": "2s"}, 503, "UNAVAILABLE", "The service is currently unavailable."),
        ({"error": 400, "message": "No {{ user }}.", "status": "OUT_OF_RANGE"}, 400, "OUT_OF_RANGE", "No hi."),
        ({"error": 418}, 418, "INVALID_ARGUMENT", "Request contains"),
        ({"error": 599}, 599, "INTERNAL", "Internal"),
        ({"choose": [{"error": 404}]}, 404, "NOT_FOUND", "Publisher Model"),
    ],
)
def test_error(reply: Any, status: int, code: str, message: str) -> None:
    failure = resolve_reply(turn(reply=reply), COMPUTED, HI, Seed.root("0"), 0.0)
    assert isinstance(failure, Failure)
    assert (failure.status, failure.code) == (status, code)
    assert failure.message.startswith(message)
    assert failure.retry_after == (2.0 if "retry_after" in reply else None)


@pytest.mark.parametrize(
    ("finish", "words"),
    [
        ("length", "length"),
        ("safety", "content_filter: SAFETY"),
        ("malformed_function_call", "function_call_filter: MALFORMED_FUNCTION_CALL"),
        ("content_filter: OTHER", "content_filter: OTHER"),
    ],
)
def test_finish(finish: str, words: str) -> None:
    assert choice("x", finish=finish).finish == words


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"block": "safety"}, Choice((), "content_filter: SAFETY", silent=True)),
        (
            {"block": "prompt", "message": "No, {{ user }}."},
            Choice((), "content_filter: PROHIBITED_CONTENT", refusal="No, hi."),
        ),
    ],
)
def test_block(reply: Any, expected: Choice) -> None:
    assert choice(reply) == expected


def test_a_refused_prompt_is_told_so_in_googles_words() -> None:
    assert (choice({"block": "prompt"}).refusal or "").startswith("The prompt could not be submitted.")


def test_candidates() -> None:
    own = turn(reply={"candidates": ["a", {"reply": "b", "finish": "length"}, {"block": "spii"}]}, finish="stop")
    choices = planned(own, asked("hi", n=4)).choices
    assert [(c.parts, c.finish, c.silent) for c in choices] == [
        ((Text("a"),), "stop", False),
        ((Text("b"),), "length", False),
        ((), "content_filter: SPII", True),
        ((Text("a"),), "stop", False),
    ]


def test_chance_follows_the_weights_and_the_seed() -> None:
    own = turn(reply={"choose": [{"weight": 3, "reply": "a"}, "b"]})
    drawn = [planned(own, HI, str(seed)).choices[0].parts[0] for seed in range(400)]
    assert 240 < drawn.count(Text("a")) < 360
    assert drawn == [planned(own, HI, str(seed)).choices[0].parts[0] for seed in range(400)]


def test_usage_is_exact_where_it_is_given() -> None:
    scenario = read(
        "usage: {prompt_tokens: 7, cached_tokens: 3}\n"
        "turns: [{reply: hi, usage: {completion_tokens: 9, prompt_tokens: 8}}]"
    )
    script = resolve_reply(scenario.turns[0], scenario.usage, HI, Seed.root("0"), 0.0)
    assert isinstance(script, Script)
    assert script.usage == UsageFields(prompt_tokens=8, completion_tokens=9, cached_tokens=3)


def test_every_kind_has_an_example_that_can_be_planned() -> None:
    from gemulator.core import located_yaml as yaml

    for kind in KINDS.values():
        data = yaml.read(f"reply: {kind.example}", Path("x")).data
        assert data is not None
        own = turn(reply=data["reply"])
        script = resolve_reply(own, COMPUTED, HI, Seed.root("0"), 0.0)
        assert isinstance(script, Failure | RawAnswer) or planned(own, HI).choices
        assert isinstance(own.reply, kind)


def test_parts_of_a_refusal_are_none() -> None:
    assert parts_of(turn(reply={"error": 500}).reply) == ()
