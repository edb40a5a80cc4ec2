"""Thought signatures in the history; test ids name the row of wire-facts §7."""

from typing import Any

import pytest

from gemulator.service.rules.signatures import SKIP
from tests.endpoint import GEMINI_2, GEMINI_3, Endpoint, asked, calling, result, rows, thinking, tool, user

OLD = [user(), calling("get"), result("get"), {"role": "assistant", "content": "21 °C."}]
BARE = asked(calling("get"), result("get"))
ONE = asked(calling("get", signature="any"), result("get"))
SKIPPED = asked(calling("get", signature=SKIP), result("get"))
STRICT = {"signatures": "strict"}
OTHER = "context_engineering_is_the_way_to_go"
TWO = calling("a", "b", signature=SKIP)
TWO["tool_calls"][1]["extra_content"] = {"google": {"thought_signature": OTHER}}
LITE = "google/gemini-3.1-flash-lite"
IMAGES = "google/gemini-3-pro-image-preview"


def missing(name: str, position: int) -> str:
    return (
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work"
        " correctly, and missing thought_signature may lead to degraded model performance. Additional data, function"
        f" call `default_api:{name}`, position {position}."
    )


SIGNED: list[tuple[str, dict[str, Any], str, list[dict[str, Any]], str | None]] = [
    ("§7 first call of the step", {}, GEMINI_3, BARE, missing("get", 2)),
    ("§7 any value passes", {}, GEMINI_3, ONE, None),
    ("§7 skip value", {}, GEMINI_3, SKIPPED, None),
    ("§7 empty is none", {}, GEMINI_3, asked(calling("get", signature=""), result("get")), missing("get", 2)),
    (
        "§7 parallel: first only",
        {},
        GEMINI_3,
        asked(calling("a", "b", signature="c2ln"), result("a"), result("b")),
        None,
    ),
    ("§7 sequential: each step", {}, GEMINI_3, [*ONE, calling("next"), result("next")], missing("next", 4)),
    (
        "§7 FC1,FR1,FC2,FR2 of parallel calls",
        {},
        GEMINI_3,
        asked(calling("a", signature="c2ln"), result("a"), calling("b"), result("b")),
        missing("b", 4),
    ),
    ("§7 older turns unchecked", {}, GEMINI_3, [*OLD, user("And now?")], None),
    ("§7 current turn after older", {}, GEMINI_3, [*OLD, *BARE], missing("get", 6)),
    ("§7 system is no content", {}, GEMINI_3, [{"role": "system", "content": "x"}, *BARE], missing("get", 2)),
    (
        "§7 results of one step are one content",
        {},
        GEMINI_3,
        asked(calling("a", "b", signature="c2ln"), result("a"), result("b"), calling("c"), result("c")),
        missing("c", 4),
    ),
    ("§7 2.5 optional", {}, GEMINI_2, BARE, None),
    ("§7 image model", {}, IMAGES, BARE, None),
    ("§7 minimal thinking", {}, LITE, BARE, missing("get", 2)),
    ("§7 partner", {}, "qwen/qwen3", BARE, None),
    ("§17.7 other dummy", {}, GEMINI_3, asked(calling("get", signature=OTHER), result("get")), missing("get", 2)),
    ("§17.7 not base64", {}, GEMINI_3, asked(calling("get", signature="a b"), result("get")), missing("get", 2)),
    ("§17.7 wrong length", {}, GEMINI_3, asked(calling("get", signature="abcde"), result("get")), missing("get", 2)),
    ("§17.7 padded", {}, GEMINI_3, asked(calling("get", signature="c2ln+w=="), result("get")), None),
    ("§17.7 URL-safe", {}, GEMINI_3, asked(calling("get", signature="c2ln-_"), result("get")), None),
    ("§17.7 placeholder", {}, GEMINI_3, asked(calling("get", signature="..."), result("get")), None),
    (
        "§17.7 placeholder, strict",
        STRICT,
        GEMINI_3,
        asked(calling("get", signature="<Sig A>"), result("get")),
        missing("get", 2),
    ),
    ("§17.7 second call", {}, GEMINI_3, asked(TWO, result("a"), result("b")), None),
    ("§17.7 2.5", {}, GEMINI_2, asked(calling("get", signature=OTHER), result("get")), None),
    ("§7 off", {"signatures": "off"}, GEMINI_3, BARE, None),
    ("§7 strict: foreign", STRICT, GEMINI_3, ONE, "Corrupted thought signature"),
    ("§7 strict: skip value", STRICT, GEMINI_3, SKIPPED, None),
    ("§7 strict: missing", STRICT, GEMINI_3, BARE, missing("get", 2)),
    ("§7 strict: older turns", STRICT, GEMINI_3, [*ONE, {"role": "assistant", "content": "21"}, user()], None),
    ("§7 strict: 2.5", STRICT, GEMINI_2, ONE, None),
]


@pytest.mark.parametrize(("settings", "model", "messages", "says"), rows(SIGNED))
def test_history(settings: dict[str, Any], model: str, messages: list[dict[str, Any]], says: str | None) -> None:
    answer = Endpoint(**settings).ask(model=model, messages=messages)
    assert (answer.error["message"] if answer.status == 400 else None) == says


@pytest.mark.parametrize("altered", ["nothing", "name", "place", "value"])
def test_strict_accepts_other_replica_and_refuses_altered(altered: str) -> None:
    signer, check = Endpoint(**STRICT), Endpoint(**STRICT)
    message = signer.ask("Weather in Paris?", tools=[tool()]).message
    first = message["tool_calls"][0]
    extra = first["extra_content"]["google"]
    if altered == "name":
        first["function"]["name"] = "other"
    elif altered == "place":
        message["extra_content"] = first["extra_content"]
    elif altered == "value":
        extra["thought_signature"] = extra["thought_signature"][::-1]
    answers = [result(call["id"]) for call in message["tool_calls"]]
    assert check.ask(messages=asked(message, *answers)).status == (200 if altered == "nothing" else 400)


def test_signature_of_another_seed_is_refused() -> None:
    message = Endpoint(seed="1").ask("Weather?", tools=[tool()]).message
    answers = [result(call["id"]) for call in message["tool_calls"]]
    again = Endpoint(seed="2", signatures="strict").ask(messages=asked(message, *answers))
    assert again.error["message"] == "Corrupted thought signature"


def test_warn_answers_with_a_note() -> None:
    answer = Endpoint(signatures="warn").ask(messages=BARE)
    assert answer.status == 200
    assert answer.headers["x-emulator-notes"].endswith(missing("get", 2))


def test_signature_of_a_text_is_optional() -> None:
    endpoint = Endpoint(**STRICT)
    message = endpoint.ask("Hello").message
    assert message["extra_content"]["google"]["thought_signature"]
    assert endpoint.ask(messages=[user("Hello"), message, user()]).status == 200
    assert (
        endpoint.ask(messages=[user("Hello"), {"role": "assistant", "content": message["content"]}, user()]).status
        == 200
    )


@pytest.mark.parametrize("placeholder", ["...", "<THOUGHT_SIGNATURE>", "…"])
def test_placeholder_is_noted_and_refused_under_strict(placeholder: str) -> None:
    messages = asked(calling("get", signature=placeholder), result("get"))
    noted = Endpoint().ask(messages=messages)
    assert noted.status == 200
    assert "is a placeholder" in noted.headers["x-emulator-notes"]
    assert Endpoint(strictness="strict").ask(messages=messages).status == 400
    assert "x-emulator-notes" not in Endpoint(signatures="off").ask(messages=messages).headers


@pytest.mark.parametrize(
    ("model", "fields", "signed"),
    [
        (GEMINI_2, {}, True),
        (GEMINI_2, thinking(thinking_budget=0), False),
        ("google/gemini-2.5-flash-lite", {}, False),
        ("google/gemini-2.5-flash-lite", {"reasoning_effort": "low"}, True),
        ("google/gemini-2.0-flash-001", {}, False),
    ],
)
def test_older_models_sign_calls_when_they_think(model: str, fields: dict[str, Any], signed: bool) -> None:
    message = Endpoint().ask(model=model, tools=[tool()], tool_choice="required", **fields).message
    assert ("extra_content" in message["tool_calls"][0]) is signed
    assert "extra_content" not in Endpoint("turns: [{ reply: Hi }]").ask(model=model, **fields).message


@pytest.mark.parametrize("signatures", ["enforce", "strict"])
def test_switch_of_models_within_a_turn_keeps_the_signature(signatures: str) -> None:
    endpoint = Endpoint(signatures=signatures)
    message = endpoint.ask(model=GEMINI_2, tools=[tool()], tool_choice="required").message
    answers = [{"role": "tool", "tool_call_id": call["id"], "content": "{}"} for call in message["tool_calls"]]
    assert endpoint.ask(model=GEMINI_3, messages=asked(message, *answers)).status == 200
