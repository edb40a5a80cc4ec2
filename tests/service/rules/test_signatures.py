"""Thought signatures in the history; test ids name the row of wire-facts §7."""

from typing import Any

import pytest

from gemulator.service.rules.signatures import SKIP
from tests.endpoint import GEMINI_2, GEMINI_3, Endpoint, asked, calling, result, rows, tool, user

OLD = [user(), calling("get"), result("get"), {"role": "assistant", "content": "21 °C."}]
BARE = asked(calling("get"), result("get"))
ONE = asked(calling("get", signature="any"), result("get"))
SKIPPED = asked(calling("get", signature=SKIP), result("get"))
STRICT = {"signatures": "strict"}
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
    ("§7 parallel: first only", {}, GEMINI_3, asked(calling("a", "b", signature="s"), result("a"), result("b")), None),
    ("§7 sequential: each step", {}, GEMINI_3, [*ONE, calling("next"), result("next")], missing("next", 4)),
    (
        "§7 FC1,FR1,FC2,FR2 of parallel calls",
        {},
        GEMINI_3,
        asked(calling("a", signature="s"), result("a"), calling("b"), result("b")),
        missing("b", 4),
    ),
    ("§7 older turns unchecked", {}, GEMINI_3, [*OLD, user("And now?")], None),
    ("§7 current turn after older", {}, GEMINI_3, [*OLD, *BARE], missing("get", 6)),
    ("§7 system is no content", {}, GEMINI_3, [{"role": "system", "content": "x"}, *BARE], missing("get", 2)),
    (
        "§7 results of one step are one content",
        {},
        GEMINI_3,
        asked(calling("a", "b", signature="s"), result("a"), result("b"), calling("c"), result("c")),
        missing("c", 4),
    ),
    ("§7 2.5 optional", {}, GEMINI_2, BARE, None),
    ("§7 image model", {}, IMAGES, BARE, None),
    ("§7 minimal thinking", {}, LITE, BARE, missing("get", 2)),
    ("§7 partner", {}, "qwen/qwen3", BARE, None),
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
    assert answer.headers["x-emulator-notes"] == missing("get", 2)


def test_signature_of_a_text_is_optional() -> None:
    endpoint = Endpoint(**STRICT)
    message = endpoint.ask("Hello").message
    assert message["extra_content"]["google"]["thought_signature"]
    assert endpoint.ask(messages=[user("Hello"), message, user()]).status == 200
    assert (
        endpoint.ask(messages=[user("Hello"), {"role": "assistant", "content": message["content"]}, user()]).status
        == 200
    )
