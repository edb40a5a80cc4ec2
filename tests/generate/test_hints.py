"""What a prompt says goes to the fields that ask for it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.generate.hints import Hints, best_tool, calls, read, wanted_keys

WEATHER: dict[str, Any] = {
    "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}
}
ANY_TEXT = st.text(st.characters(), max_size=150)


def filled(hints: Hints, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The best candidate for each property, each taken before the next is asked for."""
    out = {}
    for name, schema in properties.items():
        if candidates := list(hints.suggest(name, schema)):
            hints.take(candidates[0])
            out[name] = candidates[0]
    return out


TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("prompt", "properties", "expected"),
    [
        ("Add 3 and 4.5", {"a": WHOLE, "b": NUMBER}, {"a": 3, "b": 4.5}),
        ("Add -3 and 1,200.50", {"a": NUMBER, "b": NUMBER}, {"a": -3, "b": 1200.5}),
        ("Add 3 and 4", {"a": {**WHOLE, "minimum": 4}, "b": WHOLE}, {"a": 4, "b": 3}),
        ("For three people at $40", {"price": NUMBER, "people": WHOLE}, {"price": 40, "people": 3}),
        ("page 2, limit 10", {"limit": WHOLE, "page": WHOLE}, {"limit": 10, "page": 2}),
        ("Say 'hello there' to \"you\"", {"a": TEXT, "b": TEXT}, {"a": "hello there", "b": "you"}),
        ("「東京」と『大阪』", {"a": TEXT, "b": TEXT}, {"a": "東京", "b": "大阪"}),
        (
            "« Bonjour » und „Hallo“ and “Hi”",
            {"a": TEXT, "b": TEXT, "c": TEXT},
            {"a": "Bonjour", "b": "Hallo", "c": "Hi"},
        ),
        ("don't use it's apostrophes", {"a": TEXT}, {}),
        ("HIGH priority", {"p": {"enum": ["low", "high"]}}, {"p": "high"}),
        ("in degrees Celsius", {"unit": {"enum": ["celsius", "kelvin"]}}, {"unit": "celsius"}),
        ("all the cats", {"animal": {"enum": ["dog", "cat"]}}, {"animal": "cat"}),
        ("it is in progress", {"state": {"enum": ["done", "in_progress"]}}, {"state": "in_progress"}),
        ("make a plan B", {"grade": {"enum": ["A", "B"]}}, {"grade": "B"}),
        (
            "from celsius to kelvin",
            {"f": {"enum": ["kelvin", "celsius"]}, "t": {"enum": ["kelvin", "celsius"]}},
            {"f": "celsius", "t": "kelvin"},
        ),
        ("Mail anna@example.com.", {"to": {"type": "string", "format": "email"}}, {"to": "anna@example.com"}),
        ("Mail anna@example.com.", {"email": TEXT}, {"email": "anna@example.com"}),
        ("See https://example.com/a?b=1.", {"link": TEXT}, {"link": "https://example.com/a?b=1"}),
        ("On 2026-05-04", {"d": {"type": "string", "format": "date"}}, {"d": "2026-05-04"}),
        ("On May 4th, 2026", {"date": TEXT}, {"date": "2026-05-04"}),
        ("am 4. Mai 2026", {"date": TEXT}, {"date": "2026-05-04"}),
        ("2026年5月4日", {"date": TEXT}, {"date": "2026-05-04"}),
        ("at 7:30 pm", {"time": TEXT}, {"time": "19:30"}),
        (
            "on 2026-05-04 at 3pm",
            {"start": {"type": "string", "format": "date-time"}},
            {"start": "2026-05-04T15:00:00Z"},
        ),
        (
            "Convert 100 USD to euros",
            {"amount": NUMBER, "from_currency": TEXT, "to_currency": TEXT},
            {"amount": 100, "from_currency": "USD", "to_currency": "EUR"},
        ),
        ("Fly from Paris to Tokyo", {"destination": TEXT, "origin": TEXT}, {"destination": "Tokyo", "origin": "Paris"}),
        ("Invite Tom Baker in Boston", {"city": TEXT, "person": TEXT}, {"city": "Boston", "person": "Tom Baker"}),
        ("weather in paris today", {"city": TEXT}, {"city": "Paris"}),
        ("Weather in San Francisco, CA", {"q": {**TEXT, "description": "The city"}}, {"q": "San Francisco, CA"}),
        ("Translate it to French", {"target_language": TEXT}, {"target_language": "French"}),
        ("Where is order ORD-12345?", {"order_id": TEXT}, {"order_id": "ORD-12345"}),
        ("What is 12 * (7+3)?", {"expression": TEXT}, {"expression": "12 * (7+3)"}),
        ("Please search for the best pizza", {"query": TEXT}, {"query": "the best pizza"}),
        ("title: Dune, year=1965", {"year": WHOLE, "title": TEXT}, {"year": 1965, "title": "Dune"}),
        (
            "Meet Maria and Tom Baker",
            {"attendees": {"type": "array", "items": TEXT}},
            {"attendees": ["Maria", "Tom Baker"]},
        ),
        ("Sort 3, 1 and 2", {"values": {"type": "array", "items": WHOLE}}, {"values": [3, 1, 2]}),
        ("Tell me a joke", {"count": WHOLE, "city": TEXT, "d": {"type": "string", "format": "date"}}, {}),
    ],
)
def test_what_the_prompt_says_fills_the_fields(
    prompt: str, properties: Mapping[str, Any], expected: dict[str, Any]
) -> None:
    assert filled(read(prompt).reader(), properties) == expected


def test_a_number_in_a_date_an_address_or_a_name_is_no_number() -> None:
    prompt = read("On 2026-05-04 at 19:30 see https://example.com/42, mail a1@example.com, file ORD-77, say 'take 9'")
    assert prompt.numbers == ()


def test_what_was_taken_is_not_offered_again_and_fresh_hints_have_it_all() -> None:
    hints = read("Add 3 and 3").reader()
    hints.take(next(iter(hints.suggest("a", WHOLE))))
    hints.take(next(iter(hints.suggest("b", WHOLE))))
    assert list(hints.suggest("c", WHOLE)) == []
    assert list(hints.fresh().suggest("c", WHOLE)) == [3]


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("What is the weather like in Boston and New Delhi today?", ["Boston", "New Delhi"]),
        ("Compare Paris, Rome, and Rio de Janeiro.", ["Paris", "Rome", "Rio de Janeiro"]),
        ("Weather in Paris, France and Berlin, Germany?", ["Paris", "Berlin"]),
        ("Wie ist das Wetter in Berlin und Hamburg?", ["Berlin", "Hamburg"]),
        ("Quel temps fait-il à Paris et à Lyon ?", ["Paris", "Lyon"]),
        ("東京と大阪の天気は？", ["東京", "大阪"]),
        ("北京和上海今天的天气怎么样？", ["北京", "上海"]),
        ("서울과 부산의 날씨 어때?", ["서울", "부산"]),
        ("ما الطقس في القاهرة ودبي؟", ["القاهرة", "دبي"]),
        ("दिल्ली और मुंबई में मौसम कैसा है?", ["दिल्ली", "मुंबई"]),
        ("What is the weather in Boston?", ["Boston"]),
    ],
)
def test_a_call_for_each_place(prompt: str, places: list[str]) -> None:
    readers = calls(read(prompt), WEATHER)
    assert [filled(hints, WEATHER["properties"])["location"] for hints in readers] == places


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"properties": {"count": WHOLE}},
        {"properties": {"origin": TEXT, "destination": TEXT}},
        {"properties": {"cities": {"type": "array", "items": TEXT}}},
        {"properties": None},
    ],
)
def test_one_call_where_the_tool_takes_them_together(parameters: Mapping[str, Any]) -> None:
    assert len(calls(read("From Boston to Rome, and Oslo and Paris"), parameters)) == 1


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("A JSON object with keys name, age and city.", ("name", "age", "city")),
        ('Return JSON containing "title" and "year".', ("title", "year")),
        ("Answer as {name, price, in_stock: boolean}", ("name", "price", "in_stock")),
        ('Like {"city": "Rome", "population": 1}', ("city", "population")),
        ("JSON with fields: first name, email (string). Be quick.", ("first_name", "email")),
        ("JSON mit den Feldern titel und autor.", ("titel", "autor")),
        ("「名前」と「年齢」のキー「name」「age」", ("name", "age")),
        ("Say hello as JSON", ()),
        ("", ()),
    ],
)
def test_the_keys_of_a_json_object(prompt: str, keys: tuple[str, ...]) -> None:
    assert wanted_keys(prompt) == keys
    assert read(prompt).keys == keys


TOOLS: list[dict[str, Any]] = [
    {"name": "get_weather", "description": "The weather of a city"},
    {"name": "searchFlights", "description": "Finds flights between two airports"},
    {"name": "send_mail", "description": None, "parameters": {"properties": {"recipient": {"description": "e-mail"}}}},
    {"name": "天気予報", "description": "都市の天気を調べる"},
]


@pytest.mark.parametrize(
    ("prompt", "tool"),
    [
        ("Is there a flight to Rome?", 1),
        ("Who is the recipient?", 2),
        ("weather!", 0),
        ("明日の天気は？", 3),
        ("nothing of the kind", 0),
        ("", 0),
    ],
)
def test_the_tool_that_the_prompt_speaks_of(prompt: str, tool: int) -> None:
    assert best_tool(prompt, TOOLS) == tool


@given(
    ANY_TEXT,
    st.sampled_from(["city", "name", "date", "url", "q", "amount", "id", "x"]),
    st.sampled_from(["string", "number", "integer", "boolean", "array"]),
)
@settings(deadline=None)
def test_any_prompt_can_be_read(prompt: str, name: str, kind: str) -> None:
    for hints in calls(read(prompt), WEATHER):
        before = list(hints.suggest(name, {"type": kind, "items": {"type": "string"}}))
        assert before == list(hints.suggest(name, {"type": kind, "items": {"type": "string"}}))
    wanted_keys(prompt)
    assert best_tool(prompt, TOOLS) in range(4)


@pytest.mark.parametrize(
    "unit", ["1", "a", "A ", "1,", "'", "(1+", "in a ", "가", "https://", "a.", "@", "A, ", "with a, "]
)
def test_a_long_prompt_is_read_in_no_time(unit: str) -> None:
    """Quadratic patterns would take minutes here."""
    prompt = read(unit * (60_000 // len(unit)))
    assert len(prompt.text) <= 40_001
    list(prompt.reader().suggest("expression", TEXT))
    assert prompt.keys is not None


def test_the_same_reading_in_every_process() -> None:
    program = (
        "from emulator.generate.hints import *\n"
        "p = 'Fly from Paris to Tokyo with Anna and Tom on 2026-05-04 for 300 EUR, keys a, b and c'\n"
        "print(read(p), wanted_keys(p), [list(h.suggest('person', {'type': 'string'})) for h in calls(read(p), {})])"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
