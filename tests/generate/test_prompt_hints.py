"""What a prompt says goes to the fields that ask for it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.core.seed import Seed
from gemulator.generate.prompt_hints import Hints, ToolTable, analyse, hints_per_call, requested_keys, schema_of

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
DAY, MOMENT = {**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}
LIST, NUMBERS = {"type": "array", "items": TEXT}, {"type": "array", "items": NUMBER}


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
        ("Add 99,90 and 1.200,50", {"a": NUMBER, "b": NUMBER}, {"a": 99.9, "b": 1200.5}),
        ("1,5 million yen", {"amount": WHOLE}, {"amount": 1_500_000}),
        (
            "from March 3 to 7",
            {"check_in": DAY, "check_out": DAY},
            {"check_in": "2026-03-03", "check_out": "2026-03-07"},
        ),
        ("le 3 janvier", {"date": DAY}, {"date": "2027-01-03"}),
        ("may 3 of us come, 2 out of 5", {"date": DAY}, {}),
        ("tomorrow", {"date": DAY}, {"date": "2026-01-16"}),
        ("tomorrow", {"date": TEXT}, {"date": "tomorrow"}),
        ("am Montag", {"date": {**TEXT, "description": "YYYY-MM-DD"}}, {"date": "2026-01-19"}),
        ("morgen um 8 Uhr", {"time": TEXT}, {"time": "08:00"}),
        ("明日の午後3時", {"start": MOMENT}, {"start": "2026-01-16T15:00:00Z"}),
        (
            "Plan a dinner with Tom on Friday at 7pm",
            {"title": TEXT, "start": MOMENT, "end": MOMENT},
            {"title": "Dinner", "start": "2026-01-16T19:00:00Z", "end": "2026-01-16T20:00:00Z"},
        ),
        ("Remind me to call mom at 18:45", {"text": TEXT, "time": TEXT}, {"text": "Call mom", "time": "18:45"}),
        (
            "Email ann@x.org that we won, subject 'News'",
            {"to": {**TEXT, "description": "Recipient's email"}, "subject": TEXT, "body": TEXT},
            {"to": "ann@x.org", "subject": "News", "body": "We won"},
        ),
        ("Open /etc/hosts", {"path": TEXT}, {"path": "/etc/hosts"}),
        ("Read src/main.py, e.g. now", {"file_path": TEXT}, {"file_path": "src/main.py"}),
        (
            "Two blue chairs for the living room",
            {"color": TEXT, "room": TEXT},
            {"color": "blue", "room": "living room"},
        ),
        (
            "Say 'hi' in Japanese",
            {"text": {**TEXT, "description": "Text to translate"}, "language_code": TEXT},
            {"text": "hi", "language_code": "ja"},
        ),
        ("Pay 'Rent'", {"iban": TEXT, "reference": TEXT}, {"reference": "Rent"}),
        (
            "Cook with eggs, olive oil and brown bread at noon",
            {"ingredients": LIST},
            {"ingredients": ["eggs", "olive oil", "brown bread"]},
        ),
        (
            "A chart 'Share': Chrome 65, Safari 18, Firefox 3",
            {"title": TEXT, "labels": LIST, "values": NUMBERS},
            {"title": "Share", "labels": ["Chrome", "Safari", "Firefox"], "values": [65, 18, 3]},
        ),
        ("Sort 3, 1 and 2", {"values": {"type": "array", "items": WHOLE}}, {"values": [3, 1, 2]}),
        ("Tell me a joke", {"count": WHOLE, "city": TEXT, "d": {"type": "string", "format": "date"}}, {}),
    ],
)
def test_what_the_prompt_says_fills_the_fields(
    prompt: str, properties: Mapping[str, Any], expected: dict[str, Any]
) -> None:
    assert filled(Hints(analyse(prompt)), properties) == expected


def test_a_number_in_a_date_an_address_or_a_name_is_no_number() -> None:
    prompt = analyse(
        "On 2026-05-04 at 19:30 see https://example.com/42, mail a1@example.com, file ORD-77, say 'take 9'"
    )
    assert prompt.numbers == ()


def test_what_was_taken_is_not_offered_again_and_fresh_hints_have_it_all() -> None:
    hints = Hints(analyse("Add 3 and 3"))
    hints.take(next(iter(hints.suggest("a", WHOLE))))
    hints.take(next(iter(hints.suggest("b", WHOLE))))
    assert list(hints.suggest("c", WHOLE)) == []
    assert list(hints.fresh().suggest("c", WHOLE)) == [3]


ABOUT = Seed.root("answer")


@pytest.mark.parametrize(
    ("prompt", "properties", "expected"),
    [
        ("A profile for Anna Schmidt, 34, from Köln",
         {"first_name": TEXT, "last_name": TEXT, "city": TEXT, "email": TEXT},
         {"first_name": "Anna", "last_name": "Schmidt", "city": "Köln", "email": "anna.schmidt@example.com"}),
        ("Extract: 'Acme, 12 Main Street, Springfield, call +1 555 010 9999, founded 1984'",
         {"phone": TEXT, "founded": WHOLE}, {"phone": "+1 555 010 9999", "founded": 1984}),
        ("Give me a recipe for pancakes", {"title": TEXT}, {"title": "Recipe for pancakes"}),
        ("Find the keywords: the battery of this phone is great", {"keywords": LIST},
         {"keywords": ["battery", "phone"]}),
        ("Like {\"planets\": [..]}", {"planets": LIST}, {}),
    ],
)  # fmt: skip
def test_an_answer_takes_up_the_prompt_without_repeating_it(
    prompt: str, properties: Mapping[str, Any], expected: dict[str, Any]
) -> None:
    assert filled(Hints(analyse(prompt), seed=ABOUT), properties) == expected


def test_texts_of_an_answer_are_sentences_on_the_topic() -> None:
    properties = {"summary": TEXT, "description": TEXT}
    hints = Hints(analyse("Sum up the history of tea."), seed=ABOUT)
    first, second = filled(hints, properties).values()
    assert "history of tea" in first
    assert first != second
    assert filled(Hints(analyse("Fasse die Geschichte des Tees zusammen."), seed=ABOUT), properties)["summary"] != first


@pytest.mark.parametrize(
    ("prompt", "types"),
    [
        ("JSON with keys name, age, email and tags for Tom", "string integer string array"),
        ('Like {"title": "x", "hobbies": ["y"], "price": 1, "is_new": true}', "string array number boolean"),
    ],
)
def test_keys_have_types(prompt: str, types: str) -> None:
    schema = schema_of(requested_keys(prompt), prompt)
    assert [item["type"] for item in schema["properties"].values()] == types.split()
    assert schema["required"] == list(schema["properties"])


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
    readers = hints_per_call(analyse(prompt), WEATHER)
    assert [filled(hints, WEATHER["properties"])["location"] for hints in readers] == places


def test_a_call_for_each_company() -> None:
    readers = hints_per_call(analyse("What are Apple and Spotify trading at?"), {"properties": {"symbol": TEXT}})
    assert [filled(hints, {"symbol": TEXT}) for hints in readers] == [{"symbol": "AAPL"}, {"symbol": "SPOT"}]


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
    assert len(hints_per_call(analyse("From Boston to Rome, and Oslo and Paris"), parameters)) == 1


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
        ("with keys name, age, email and tags for Tom", ("name", "age", "email", "tags")),
        ("Say hello as JSON", ()),
        ("", ()),
    ],
)
def test_the_keys_of_a_json_object(prompt: str, keys: tuple[str, ...]) -> None:
    assert requested_keys(prompt) == keys
    assert analyse(prompt).keys == keys


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
    assert ToolTable(TOOLS).best(prompt) == tool


OFFICE: list[dict[str, Any]] = [
    {"name": "send_email", "parameters": {"properties": {"to": {**TEXT, "format": "email"}, "body": TEXT}}},
    {"name": "create_event", "parameters": {"properties": {"title": TEXT, "start": MOMENT, "attendees": LIST}}},
    {"name": "transfer", "parameters": {"properties": {"amount": NUMBER, "recipient": TEXT}}},
    {"name": "read_file", "parameters": {"properties": {"path": TEXT}}},
]


@pytest.mark.parametrize(
    ("prompt", "tool"),
    [
        ("Lunch with bob at 12:30 tomorrow", 1),
        ("Send $250 to Maria", 2),
        ("Email Maria that it costs $250", 0),
        ("What is in notes/todo.md?", 3),
        ("Tell ann@x.org about it", 0),
    ],
)
def test_the_tool_with_a_place_for_what_the_prompt_names(prompt: str, tool: int) -> None:
    assert ToolTable(OFFICE).best(prompt) == tool


@given(
    ANY_TEXT,
    st.sampled_from(["city", "name", "date", "url", "q", "amount", "id", "x"]),
    st.sampled_from(["string", "number", "integer", "boolean", "array"]),
)
@settings(deadline=None)
def test_any_prompt_can_be_read(prompt: str, name: str, kind: str) -> None:
    for hints in hints_per_call(analyse(prompt), WEATHER):
        before = list(hints.suggest(name, {"type": kind, "items": {"type": "string"}}))
        assert before == list(hints.suggest(name, {"type": kind, "items": {"type": "string"}}))
    requested_keys(prompt)
    assert ToolTable(TOOLS).best(prompt) in range(4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["1", "a", "A ", "1,", "'", "(1+", "in a ", "가", "https://", "a.", "@", "A, ", "with a, "]
)
def test_a_long_prompt_is_read_in_no_time(unit: str) -> None:
    """Quadratic patterns would take minutes here."""
    prompt = analyse(unit * (60_000 // len(unit)))
    assert len(prompt.text) <= 40_001
    list(Hints(prompt).suggest("expression", TEXT))
    assert prompt.keys is not None


@pytest.mark.slow
def test_the_same_reading_in_every_process() -> None:
    program = (
        "from gemulator.generate.prompt_hints import *\n"
        "p = 'Fly from Paris to Tokyo with Anna and Tom on 2026-05-04 for 300 EUR, keys a, b and c'\n"
        "print(analyse(p), requested_keys(p))\n"
        "print([list(h.suggest('person', {'type': 'string'})) for h in hints_per_call(analyse(p), {})])"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
