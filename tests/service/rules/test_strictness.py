"""Strictness: `lenient`, `service` and `strict`, and the options of single rule groups."""

from typing import Any

import pytest

from gemulator.service.rules import RULES
from tests.endpoint import GEMINI_2, Endpoint, asked, calling, image, result, rows
from tests.service.rules import test_messages, test_parameters

REFUSED = [row for row in (*test_parameters.REFUSED, *test_messages.REFUSED) if not row[1]]
UNSIGNED = {"messages": asked(calling("get"), result("get"))}
UNDECODABLE = {"messages": [{"role": "user", "content": [image("data:image/png;base64,!!!")]}]}
UNKNOWN: dict[str, Any] = {"logit_bias": {"5": 1}}
ALWAYS = ("candidateCount", "TYPE_INT32", "Invalid value", "Malformed publisher model", "no value fits", "tools[")


@pytest.mark.parametrize(("settings", "fields", "says"), rows(REFUSED))
def test_lenient_answers_with_a_note_or_cannot_read(settings: Any, fields: dict[str, Any], says: str) -> None:
    answer = Endpoint(strictness="lenient", **settings).ask(**fields)
    if answer.status == 200:
        assert says in answer.headers["x-emulator-notes"]
    else:
        assert any(word in answer.error["message"] for word in ALWAYS)


def test_most_rules_can_be_switched_off() -> None:
    assert len([rule for rule in RULES if rule.strictness == "lenient"]) < len(RULES) / 3


@pytest.mark.parametrize("fields", [UNSIGNED, UNDECODABLE, UNKNOWN], ids=["signatures", "media", "params"])
@pytest.mark.parametrize("strictness", ["lenient", "service", "strict"])
def test_strictness_sets_signatures_media_and_params(fields: dict[str, Any], strictness: str) -> None:
    answer = Endpoint(strictness=strictness).ask(**fields)
    refused = strictness == "strict" or (strictness == "service" and fields is UNSIGNED)
    assert answer.status == (400 if refused else 200)
    assert refused or answer.headers["x-emulator-notes"]


@pytest.mark.parametrize(
    ("settings", "fields", "status"),
    rows(
        [
            ("params off", {"strict_params": False}, UNKNOWN, 200),
            ("media off", {"strict_media": False}, UNDECODABLE, 200),
            ("signatures off", {"signatures": "off"}, UNSIGNED, 200),
            ("signatures warn", {"signatures": "warn"}, UNSIGNED, 200),
            ("signatures enforce", {"signatures": "enforce", "strictness": "lenient"}, UNSIGNED, 400),
            ("params on", {"strict_params": True, "strictness": "lenient"}, UNKNOWN, 400),
            ("media on", {"strict_media": True, "strictness": "lenient"}, UNDECODABLE, 400),
        ]
    ),
)
def test_option_of_a_group_overrides_strictness(settings: dict[str, Any], fields: dict[str, Any], status: int) -> None:
    assert Endpoint(**{"strictness": "strict", **settings}).ask(**fields).status == status


def test_header_overrides_the_server() -> None:
    endpoint = Endpoint()
    for word, status in (("lenient", 200), ("service", 400), ("lenient", 200), ("strict", 400)):
        answer = endpoint.ask(temperature=9, headers={"x-emulator-strictness": word})
        assert answer.status == status, word


def test_unknown_models_are_refused_at_any_strictness() -> None:
    assert Endpoint(strictness="lenient", models="catalog").ask(model="google/gemini-0").status == 404


def test_containers_have_rules_of_their_own() -> None:
    assert Endpoint(strictness="strict").ask(model=GEMINI_2, endpoint="123", **UNKNOWN).status == 200
