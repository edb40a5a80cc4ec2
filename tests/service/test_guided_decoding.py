"""Thinking, output constraints and token limits of a request."""

import json
import re
from typing import Any

import orjson
import pytest

from gemulator.core.plan import Plan, Text, Thought
from gemulator.core.seed import Seed
from gemulator.engine.planning.generated_reply import GeneratedReply
from gemulator.engine.planning.plan import Script, plan_script
from gemulator.generate.grammar import read_grammar, read_tag
from gemulator.generate.token_count import count
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.request.parsed import ParsedRequest
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.scenario.replies import Context, TextReply, ThinkingReply
from gemulator.service.catalog import Model
from gemulator.service.guided_decoding import (
    ChoiceConstraint,
    DecodingOptions,
    InvalidConstraint,
    JsonConstraint,
    RegexConstraint,
    decoding_options,
)
from gemulator.service.serving_profile import ServingProfile, Thinks

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
OLDER = {
    "type": "structural_tag",
    "structures": [{"begin": f"<f={name}>", "schema": SCHEMA, "end": "</f>"} for name in "xy"],
    "triggers": ["<f="],
}
NEWER = {
    "type": "structural_tag",
    "format": {
        "type": "triggered_tags",
        "triggers": ["<f>"],
        "tags": [
            {"type": "tag", "begin": "<f>", "content": {"type": "json_schema", "json_schema": SCHEMA}, "end": "</f>"}
        ],
        "at_least_one": True,
        "stop_after_first": True,
    },
}


def request(**fields: Any) -> ChatRequest:
    return parsed(**fields).request


def parsed(**fields: Any) -> ParsedRequest:
    return parse(orjson.dumps({"messages": [{"role": "user", "content": "Is it red?"}], **fields}))


def planned(*parts: Any, decoding: DecodingOptions | None = None, **fields: Any) -> Plan:
    conversation = Conversation(parsed(**fields), Target("v1", "p", "l", "1"), {})
    chat_request = conversation.request
    seed = Seed(b"s")
    context = Context(
        conversation,
        seed,
        seed,
        lambda own, name, index: "id",
        lambda name, own: None,
        decoding or decoding_options(chat_request, ServingProfile()),
    )
    return plan_script(Script(parts or (GeneratedReply(),)), context, Model("x/y"), "id", 1)


def words(plan: Plan) -> str:
    return "".join(part.text for part in plan.choices[0].parts if isinstance(part, Text))


def thought(plan: Plan) -> list[Thought]:
    return [part for part in plan.choices[0].parts if isinstance(part, Thought)]


@pytest.mark.parametrize(
    ("thinks", "kwargs", "expected"),
    [
        ("always", {"thinking": False}, "asked"),
        ("never", {"thinking": True}, "off"),
        ("on", {}, "asked"),
        ("on", {"enable_thinking": False}, "off"),
        ("off", {}, "off"),
        ("off", {"thinking": True}, "asked"),
        ("written", {}, "allowed"),
        ("written", {"enable_thinking": True}, "asked"),
        ("written", {"thinking": False}, "off"),
        ("written", {"unknown": True}, "allowed"),
    ],
)
def test_thinking_switches(thinks: Thinks, kwargs: dict[str, bool], expected: str) -> None:
    assert decoding_options(request(chat_template_kwargs=kwargs), ServingProfile(thinks=thinks)).thinking == expected


@pytest.mark.parametrize("kwargs", [None, 3, [], "x"])
def test_invalid_switches_are_ignored(kwargs: Any) -> None:
    assert decoding_options(request(chat_template_kwargs=kwargs), ServingProfile(thinks="on")).thinking == "asked"


@pytest.mark.parametrize(("thinking", "generated", "written"), [("asked", 1, 1), ("allowed", 0, 1), ("off", 0, 0)])
def test_thinking_selects_generated_and_written_thoughts(thinking: Any, generated: int, written: int) -> None:
    decoding = DecodingOptions(thinking)
    assert len(thought(planned(decoding=decoding))) == generated
    scripted = planned(ThinkingReply(thinking="hm hm"), TextReply(text="Hi"), decoding=decoding)
    assert len(thought(scripted)) == written
    assert bool(scripted.usage.reasoning_tokens) is bool(written)


def test_effort_sets_length_of_thoughts() -> None:
    profile = ServingProfile(thinks="always", efforts=("low", "medium", "high"))
    lengths = [
        decoding_options(request(reasoning_effort=effort), profile).thought_words for effort in ("low", None, "high")
    ]
    assert lengths == sorted(set(lengths))
    assert lengths[1] == decoding_options(request(reasoning_effort="medium"), profile).thought_words


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({}, None),
        ({"guided_json": SCHEMA}, JsonConstraint(SCHEMA)),
        ({"guided_json": '{"type": "object"}'}, JsonConstraint({"type": "object"})),
        ({"guided_choice": ["red", "blue"]}, ChoiceConstraint(("red", "blue"))),
        ({"guided_regex": "[a-z]+"}, RegexConstraint("[a-z]+")),
        ({"structured_outputs": {"json": SCHEMA}}, JsonConstraint(SCHEMA)),
        ({"structured_outputs": {"json_object": True}}, JsonConstraint(None)),
        ({"structured_outputs": {"choice": ["a"]}}, ChoiceConstraint(("a",))),
        ({"structured_outputs": {"regex": "x"}}, RegexConstraint("x")),
        ({"guided_grammar": 'root ::= "a"'}, read_grammar('root ::= "a"')),
        ({"structured_outputs": {"grammar": 'start: "a"'}}, read_grammar('start: "a"')),
        ({"response_format": OLDER}, read_tag(OLDER)),
        ({"response_format": NEWER}, read_tag(NEWER)),
        ({"structured_outputs": {"structural_tag": json.dumps(NEWER)}}, read_tag(NEWER)),
        ({"structural_tag": json.dumps(OLDER)}, read_tag(OLDER)),
        ({"guided_json": "{"}, InvalidConstraint("Invalid JSON grammar specification.")),
        (
            {"guided_grammar": "root ::= a"},
            InvalidConstraint('Grammar error: EBNF parser error at line 1, column 10: Rule "a" is not defined'),
        ),
        (
            {"response_format": {"type": "structural_tag", "structures": []}},
            InvalidConstraint("Invalid structural tag specification: 'triggers' is missing"),
        ),
        ({"guided_choice": []}, None),
        ({"guided_choice": "red"}, None),
        ({"structured_outputs": 3}, None),
        ({"structured_outputs": {}}, None),
        ({"guided_grammar": " "}, None),
    ],
)
def test_constraint_is_parsed(fields: dict[str, Any], constraint: Any) -> None:
    assert decoding_options(request(**fields), ServingProfile()).constraint == constraint


@pytest.mark.parametrize(
    ("fields", "pattern"),
    [
        ({"guided_json": SCHEMA}, r'\{.*"name":".*"\}'),
        ({"guided_choice": ["blue", "red"]}, "red"),
        ({"guided_choice": ["blue", "green"]}, "blue|green"),
        ({"guided_regex": r"[A-C]{2}-\d{3}"}, r"[A-C]{2}-\d{3}"),
        ({"guided_regex": "yes|no"}, "yes|no"),
        ({"guided_grammar": 'root ::= [A-C]{2} ("-" [0-9]+)?'}, r"[A-C]{2}(-\d+)?"),
        ({"response_format": OLDER}, r'.+(<f=[xy]>\{.*"name":".*"\}</f>\n?)+'),
        ({"response_format": NEWER}, r'(<f>\{.*"name":".*"\}</f>)'),
    ],
)
def test_generated_text_meets_the_constraint(fields: dict[str, Any], pattern: str) -> None:
    assert re.fullmatch(pattern, words(planned(**fields)), re.DOTALL)


@pytest.mark.parametrize("parts", [(), (TextReply(text="Short."),), (ThinkingReply(thinking="hm"),)])
def test_min_tokens(parts: tuple[Any, ...]) -> None:
    plan = planned(*parts, min_tokens=90)
    usage = plan.usage
    assert usage.completion_tokens + usage.reasoning_tokens >= 90
    assert plan.choices[0].finish == "stop"
    assert words(plan).startswith("Short." if parts and isinstance(parts[0], TextReply) else "")


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_ignore_eos_fills_the_limit(limit: int) -> None:
    plan = planned(TextReply(text="Short."), ignore_eos=True, max_tokens=limit)
    assert (plan.usage.completion_tokens, plan.choices[0].finish) == (limit, "length")
    assert count(words(plan)) == limit


@pytest.mark.parametrize("fields", [{"min_tokens": 10**12}, {"ignore_eos": True, "max_tokens": 10**12}])
def test_answer_length_is_bounded(fields: dict[str, int]) -> None:
    assert decoding_options(request(**fields), ServingProfile()).min_tokens in {131_072, 131_073}


def test_min_tokens_pads_a_short_answer() -> None:
    plan = planned(messages=[{"role": "user", "content": "hi"}], min_tokens=20_000)
    assert 20_000 <= count(words(plan)) < 20_100


def test_ignore_eos_without_a_limit_changes_nothing() -> None:
    assert words(planned(TextReply(text="Short."), ignore_eos=True)) == "Short."


@pytest.mark.parametrize(("stop", "text", "by"), [("b", "a ", "b"), (["z", "c", "b"], "a ", "b"), ("z", "a b c", None)])
def test_choice_names_its_stop_sequence(stop: Any, text: str, by: str | None) -> None:
    plan = planned(TextReply(text="a b c"), stop=stop)
    assert (words(plan), plan.choices[0].stop) == (text, by)
