"""Conditions of a `when`: accepted values, refused values, mismatches."""

from typing import Any

import pytest

from gemulator.request.conversation import Conversation
from gemulator.request.target import Target
from gemulator.scenario.conditions.match import Match
from tests.asking import WEATHER, asked, called, result, turn, user

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
LINKED = {"type": "image_url", "image_url": "gs://bucket/cat.jpg"}
PDF = {"type": "image_url", "image_url": {"url": "data:application/pdf;base64,QUJD"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}
NAMED = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": {"type": "object"}}}
SEEN = asked("hi", called("get_weather", "get_time"), result("get_weather", {"temp": 21}), result("get_time", "noon"))

UUID = "00000000-0000-4000-8000-00000000000a"
REPLY = {"role": "assistant", "content": "Well."}
BOOKING = '{"city": "Rome", "guests": {"adults": 2, "children": 0}, "tags": ["a"]}'


def booked(arguments: str) -> Conversation:
    call = {"id": "1", "type": "function", "function": {"name": "book", "arguments": arguments}}
    return asked("hi", {"role": "assistant", "tool_calls": [call]})


CALLED, BROKEN = booked(BOOKING), booked("{")


def sent(*parts: dict[str, Any]) -> Conversation:
    return asked(user([{"type": "text", "text": "look"}, *parts]))


def with_body(fields: dict[str, Any]) -> Conversation:
    return asked("hi", **fields)


def at(**fields: str) -> Conversation:
    return asked("hi", target=Target(**{"version": "v1", "project": "p", "location": "l", "endpoint": "e", **fields}))


# Condition, test, a conversation that fits, one that does not.
CONDITIONS: list[tuple[str, Any, Conversation, Conversation]] = [
    ("user", "weather", asked("The Weather?"), asked("The news?")),
    ("user", "weather", asked("weather", "and news"), asked("weather", REPLY, "news")),
    ("user", "rain in\nrome", asked("RAIN", "in  Rome"), asked("rain", {"role": "assistant", "content": "In"}, "rome")),
    ("user", {"equals": " two words "}, asked("two\n\twords"), asked("twowords")),
    ("user", {"equals": "two words"}, asked("\u3000two words\n"), asked("Two words")),
    ("user", {"equals": "two  words", "exact": True}, asked("two  words"), asked("two words")),
    ("user", {"contains": "Two  w", "exact": True}, asked("A Two  words"), asked("A two  words")),
    ("user", {"glob": "two * three"}, asked("two\nor  three "), asked("two three four")),
    ("user", {"glob": "two  *", "exact": True}, asked("two  words"), asked("two words")),
    ("user", {"word": "art"}, asked("Modern ART!"), asked("start")),
    ("user", {"word": "art"}, asked("l'art"), asked("art_2")),
    ("user", {"word": "C++"}, asked("is c++ fast"), asked("Basic++")),
    ("user", {"word": "two  words"}, asked("Two\nwords."), asked("two wordsmiths")),
    ("user", {"word": "Art", "exact": True}, asked("Art"), asked("art")),
    (
        "user",
        {"like": "Report of {date} for {any}"},
        asked("Report of 2026-03-01\nfor me"),
        asked("Report of today for me"),
    ),
    ("user", {"like": "Report of {date}"}, asked("Report of March 3, 2026 "), asked("report of March 3, 2026")),
    ("user", {"like": "at {time}, order {id}"}, asked("at 10:15 pm, order a-17"), asked("at ten, order a-17")),
    ("user", {"like": "{number} of {uuid}"}, asked(f"-1,200.5 of {UUID}"), asked(f"x of {UUID}")),
    (
        "user",
        {"like": 'JSON {"a": {number}} {{date}}'},
        asked('JSON {"a": 1} {date}'),
        asked('JSON {"a": 1} 2026-01-01'),
    ),
    ("user", {"like": "a  {number}", "exact": True}, asked("a  1"), asked("a 1")),
    ("tool_call", "book", CALLED, asked("hi")),
    ("tool_call", False, asked("hi"), CALLED),
    ("tool_call", {"name": "book", "with": {"city": "Rome"}}, CALLED, asked("hi", called("book"))),
    ("tool_call", {"with": {"guests": {"adults": 2}, "tags": ["a"]}}, CALLED, BROKEN),
    ("tool_call", {"json": {"guests.adults": {"at_least": 2}}}, CALLED, asked("hi", called("book"))),
    ("body", {"metadata[*].level": 2}, with_body({"metadata": {"x": {"level": 2}}}), with_body({"metadata": {"x": 2}})),
    ("earlier", "ada", asked("I am Ada.", REPLY, "And you?"), asked("I am Ada.", "And you?")),
    ("system", "pirate", asked({"role": "system", "content": "A Pirate."}, "hi"), asked("pirate")),
    ("model", "gemini-2.5", asked("hi", model="google/gemini-2.5-pro"), asked("hi", model="google/gemini-3-pro")),
    (
        "model",
        "google/gemini-2.5-*",
        asked("hi", model="google/gemini-2.5-pro"),
        asked("hi", model="x/google/gemini-2.5-pro"),
    ),
    ("model", "*-pr?", asked("hi", model="google/gemini-2.5-pro"), asked("hi", model="google/gemini-2.5-pros")),
    ("endpoint", "123", at(endpoint="1234"), at(endpoint="openapi")),
    ("project", "staging", at(project="my-staging"), at(project="demo")),
    ("location", "europe", at(location="europe-west4"), at(location="global")),
    ("tool_result", "get_weather", SEEN, asked("hi", called("get_weather"), result("get_weather"), "and now?")),
    ("tool_result", True, SEEN, asked("hi")),
    ("tool_result", False, asked("hi"), SEEN),
    ("tool_result", ["get_rain", "get_time"], SEEN, asked("hi", called("get_news"), result("get_news"))),
    ("tool_result", {"json": {"temp": {"at_least": 20}}}, SEEN, asked("hi", called("a"), result("a", {"temp": 19}))),
    (
        "tool_result",
        {"name": "get_time", "text": "noon"},
        SEEN,
        asked("hi", called("get_time"), result("get_time", "one")),
    ),
    ("tool_result", {"name": "get_time", "text": "noon"}, SEEN, asked("hi", called("a"), result("a", "noon"))),
    ("turn", 1, asked("hi"), asked("hi", called("a"))),
    ("turn", [2, 3], asked("hi", called("a")), asked("hi")),
    ("tools", "weather", asked("hi", tools=[WEATHER]), asked("hi")),
    ("tools", True, asked("hi", tools=[WEATHER]), asked("hi")),
    ("tools", False, asked("hi"), asked("hi", tools=[WEATHER])),
    ("tool_choice", "required", asked("hi", tool_choice="required"), asked("hi")),
    ("tool_choice", "auto", asked("hi"), asked("hi", tool_choice="none")),
    ("tool_choice", "get_weather", asked("hi", tool_choice={"function": {"name": "get_weather"}}), asked("hi")),
    (
        "response_format",
        "json_schema",
        asked("hi", response_format=NAMED),
        asked("hi", response_format={"type": "text"}),
    ),
    ("response_format", False, asked("hi"), asked("hi", response_format=NAMED)),
    ("response_schema", "invoice", asked("hi", response_format=NAMED), asked("hi")),
    ("modalities", "image", asked("hi", modalities=["text", "image"]), asked("hi", modalities=["text"])),
    ("image", True, sent(IMAGE), sent(PDF)),
    ("image", False, sent(SOUND), sent(LINKED)),
    ("image", "image/png", sent(IMAGE), sent(LINKED)),
    ("image", {"uri": {"glob": "gs://*.jpg"}}, sent(IMAGE, LINKED), sent(IMAGE)),
    ("image", {"mime": "png", "uri": "base64"}, sent(LINKED, IMAGE), sent(LINKED)),
    ("audio", "audio/wav", sent(SOUND), sent(IMAGE)),
    (
        "audio",
        {"uri": "gs:"},
        sent({"type": "input_audio", "input_audio": {"data": "gs://a.mp3", "format": "mp3"}}),
        sent(SOUND),
    ),
    ("file", {"mime": "pdf"}, sent(PDF), sent(IMAGE)),
    ("file", True, sent({"type": "file", "file": {"file_id": "f1"}}), sent()),
    ("stream", True, asked("hi", stream=True), asked("hi")),
    ("stream", False, asked("hi"), asked("hi", stream=True)),
    ("temperature", 0, asked("hi", temperature=0), asked("hi")),
    ("temperature", {"at_least": 1, "at_most": 2}, asked("hi", temperature=1), asked("hi", temperature=0.9)),
    ("top_p", 0.5, asked("hi", top_p=0.5), asked("hi", top_p=0.6)),
    ("max_tokens", {"at_most": 10}, asked("hi", max_completion_tokens=10), asked("hi", max_tokens=11)),
    ("n", 3, asked("hi", n=3), asked("hi")),
    ("seed", 42, asked("hi", seed=42), asked("hi", seed=43)),
    ("frequency_penalty", 1, asked("hi", frequency_penalty=1), asked("hi")),
    ("presence_penalty", 1, asked("hi", presence_penalty=1.0), asked("hi", frequency_penalty=1)),
    ("stop", "END", asked("hi", stop="END"), asked("hi", stop=["STOP"])),
    ("reasoning_effort", ["low", "minimal"], asked("hi", reasoning_effort="low"), asked("hi", reasoning_effort="high")),
    ("reasoning_effort", False, asked("hi"), asked("hi", reasoning_effort="low")),
    ("header", {"X-Tenant": "acme"}, asked("hi", headers={"x-tenant": "Acme Inc"}), asked("hi")),
    ("header", {"x-tenant": False}, asked("hi"), asked("hi", headers={"x-tenant": "acme"})),
    (
        "header",
        {"a": "1", "b": "2"},
        asked("hi", headers={"a": "1", "b": "2"}),
        asked("hi", headers={"a": "1", "b": "1"}),
    ),
    ("body", {"metadata.tier": "gold"}, asked("hi", metadata={"tier": "gold"}), asked("hi", metadata={"tier": "tin"})),
    ("body", {"messages[-1].content": "b"}, asked("a", "b"), asked("b", "a")),
    ("body", {"messages[*].name": "x"}, asked("hi", user("hi") | {"name": "x"}), asked("hi")),
    ("body", {'["a.b"]': True}, with_body({"a.b": True}), asked("hi", a={"b": True})),
    (
        "all",
        [{"tool_result": "get_weather"}, {"tool_result": "get_time"}],
        SEEN,
        asked("hi", called("get_time"), result("get_time")),
    ),
    ("any", [{"user": "hello"}, {"stream": True}], asked("hi", stream=True), asked("hi")),
    ("not", {"user": "weather", "stream": True}, asked("weather"), asked("weather", stream=True)),
]


@pytest.mark.parametrize(
    ("name", "test", "fits", "other"), CONDITIONS, ids=[f"{c[0]}-{i}" for i, c in enumerate(CONDITIONS)]
)
def test_condition(name: str, test: Any, fits: Conversation, other: Conversation) -> None:
    own = turn({name: test})
    assert list(own.mismatches(fits)) == []
    failed = list(own.mismatches(other))
    assert failed
    assert failed[0].name.startswith(name if name != "all" else "tool_result")
    assert failed[0].expected
    assert failed[0].actual


def test_every_condition_is_in_the_table() -> None:
    keys = {field.alias or name for name, field in Match.model_fields.items()}
    assert keys == {condition[0] for condition in CONDITIONS}


# Comparison, a text that passes, one that does not.
COMPARISONS: list[tuple[Any, str, str]] = [
    ("straße", "In der STRASSE", "In der Gasse"),
    ("a.c", "xa.cx", "abc"),
    ({"contains": "wEather"}, "The Weather", "The wether"),
    ({"equals": "Hi."}, "Hi.", "hi."),
    ({"equals": ""}, "", "x"),
    ({"matches": r"\d{3}-\d{4}"}, "call 555-1234 now", "call 555-12 now"),
    ({"matches": "^(?i)hello$"}, "HELLO", "hello you"),
    ({"glob": "order *-?"}, "order 12-a", "an order 12-a"),
    ({"not": "tomorrow"}, "weather today", "weather Tomorrow"),
    ({"contains": "weather", "not": ["tomorrow", {"matches": "next"}]}, "weather today", "weather next week"),
    ({"not": {"not": "a"}}, "a", "b"),
    (["weather", {"equals": "rain"}], "rain", "rain?"),
]


@pytest.mark.parametrize(("test", "passes", "fails"), COMPARISONS, ids=str)
def test_comparison_of_texts(test: Any, passes: str, fails: str) -> None:
    own = turn({"user": test})
    assert not any(own.mismatches(asked(passes)))
    assert any(own.mismatches(asked(fails)))


VALUES: list[tuple[Any, Any, Any]] = [
    ("par", "Paris", "Rome"),
    (21, 21.0, 21.5),
    (1, 1, True),
    (True, True, 1),
    ([1, "x"], "xy", 2),
    ({"equals": {"a": [1, {"b": None}]}}, {"a": [1.0, {"b": None}]}, {"a": [1, {"b": 0}]}),
    ({"equals": None}, None, 0),
    ({"equals": "21"}, "21", 21),
    ({"at_least": 2, "at_most": 3}, 3, 4),
    ({"at_least": 2}, 2, "2"),
    ({"matches": "^P.*s$"}, "Paris", "Par"),
    ({"contains": '"a":1'}, {"a": 1}, {"a": 2}),
    ({"not": "Rome"}, "Paris", "Rome"),
]


@pytest.mark.parametrize(("test", "passes", "fails"), VALUES, ids=str)
def test_comparison_of_values(test: Any, passes: Any, fails: Any) -> None:
    own = turn({"body": {"x.y": test}})
    assert not any(own.mismatches(asked("hi", x={"y": passes})))
    assert any(own.mismatches(asked("hi", x={"y": fails})))
    assert any(own.mismatches(asked("hi")))


@pytest.mark.parametrize(("exists", "fits"), [(True, {"x": None}), (False, {"y": 1})])
def test_a_value_may_have_to_be_absent(exists: bool, fits: dict[str, Any]) -> None:
    own, other = turn({"body": {"x": {"exists": exists}}}), turn({"body": {"x": {"exists": not exists}}})
    assert not any(own.mismatches(asked("hi", **fits)))
    assert any(other.mismatches(asked("hi", **fits)))


def test_all_conditions_must_hold_and_each_says_why() -> None:
    failed = list(turn({"user": "weather", "turn": 2, "stream": False}).mismatches(asked("news")))
    assert [str(mismatch) for mismatch in failed] == [
        "user: expected 'weather' in it, saw 'news'",
        "turn: expected 2, saw 1",
    ]


@pytest.mark.parametrize("user", ["a" * 5_000, {"equals": "a" * 5_000}, {"not": {"matches": "a" * 100}}])
def test_long_texts_are_cut_on_both_sides(user: Any) -> None:
    (failed,) = turn({"user": user}).mismatches(asked("x" * 5_000 if "not" not in user else "a" * 5_000))
    assert len(failed.expected) < 110
    assert len(failed.actual) < 110


def test_groups_say_what_they_wanted() -> None:
    failed = list(turn({"any": [{"user": "a"}, {"stream": True}], "not": {"turn": 1}}).mismatches(asked("x")))
    assert [str(mismatch) for mismatch in failed] == [
        "any: expected user 'a' in it or stream true, saw user 'x', stream false",
        'not: expected not {"turn":1}, saw a match',
    ]


CALL = {"call": "get_weather"}
AFTER = asked("hi", called("get_weather"), result("get_weather"))


@pytest.mark.parametrize(
    ("when", "reply", "conversation", "fits"),
    [
        ({"user": "hi"}, CALL, asked("hi"), True),
        ({"user": "hi"}, CALL, AFTER, False),
        ({"user": "hi"}, ["Wait.", CALL][1:], AFTER, False),
        ({"user": "hi"}, {"choose": ["no", [CALL]]}, AFTER, False),
        (None, CALL, AFTER, False),
        ({"tool_result": "get_weather"}, CALL, AFTER, True),
        ({"tool_result": True}, CALL, AFTER, True),
        (
            {"tool_result": "get_time"},
            CALL,
            asked("hi", called("get_time", "get_weather"), result("get_time"), result("get_weather")),
            False,
        ),
        ({"user": "hi"}, CALL, asked("hi", called("get_weather"), result("get_weather"), "hi"), True),
        ({"user": "hi"}, CALL, asked("hi", called("get_time"), result("get_time")), True),
        ({"user": "hi"}, "text", AFTER, True),
    ],
)
def test_a_call_is_spent_by_its_result(when: Any, reply: Any, conversation: Conversation, fits: bool) -> None:
    assert (not any(turn(when, reply).mismatches(conversation))) is fits


KEY = "Bearer sk-1"
WRONG = asked("hi", headers={"authorization": "Bearer sk-2", "x-my-token": "sk-2", "x-tenant": "acme"})


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"header": {"Authorization": KEY}}, "header.Authorization: expected (redacted), saw (redacted)"),
        ({"header": {"x-my-token": KEY}}, "header.x-my-token: expected (redacted), saw (redacted)"),
        ({"header": {"cookie": KEY}}, "header.cookie: expected (redacted), saw nothing"),
        ({"header": {"authorization": False}}, "header.authorization: expected none, saw (redacted)"),
        ({"header": {"x-tenant": "other"}}, "header.x-tenant: expected 'other' in it, saw 'acme'"),
        (
            {"any": [{"header": {"authorization": KEY}}, {"user": "x"}]},
            "any: expected header.authorization (redacted) or user 'x' in it, "
            "saw header.authorization (redacted), user 'hi'",
        ),
        ({"not": {"header": {"authorization": "Bearer"}}}, "not: expected not (redacted), saw a match"),
    ],
)
def test_a_mismatch_never_says_a_credential(when: dict[str, Any], said: str) -> None:
    assert [str(one) for one in Match.model_validate(when).mismatches(WRONG)] == [said]
