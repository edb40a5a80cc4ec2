"""The table of rules as a whole: facts, refusals by scenario, notes."""

import pytest

from gemulator.core.errors import ScenarioError
from gemulator.service.refusals import REFUSALS
from gemulator.service.rules import RULES
from tests.endpoint import Endpoint, google


def test_every_rule_has_a_name_and_a_fact() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.fact.startswith("§") for rule in RULES)


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_is_reached_by_scenario(name: str) -> None:
    answer = Endpoint(f"turns: [{{ reply: {{ error: {name} }} }}]").ask()
    refusal = REFUSALS[name]
    assert (answer.status, answer.error["status"]) == (refusal.status, refusal.code)


def test_a_scenarios_refusal_names_what_the_request_names() -> None:
    endpoint = Endpoint("turns: [{ reply: { error: 403 } }]")
    assert (
        "'//aiplatform.googleapis.com/projects/p/locations/global/endpoints/openapi'" in endpoint.ask().error["message"]
    )


def test_an_unknown_refusal_is_the_authors_mistake() -> None:
    with pytest.raises(
        ScenarioError, match="'tired' is not a preset error: use an HTTP status, or one of invalid-argument"
    ):
        Endpoint("turns: [{ reply: { error: tired } }]")


def test_notes_say_what_has_no_effect() -> None:
    answer = Endpoint().ask(model="google/gemini-3.7-flash", user="x", temperature=1, extra_body=google(mood=1))
    assert answer.headers["x-emulator-notes"] == "ignored: user, extra_body.google.mood, temperature"
    assert "x-emulator-notes" not in Endpoint().ask().headers
    assert "x-emulator-notes" not in Endpoint().ask(model="zai-org/glm-5-maas", chat_template_kwargs={}).headers


@pytest.mark.parametrize("n", [1, 99])
def test_emulator_headers_can_be_turned_off(n: int) -> None:
    quiet = Endpoint(emulator_headers=False).ask(n=n, user="x")
    assert not [name for name in quiet.headers if "emulator" in name]


def test_emulator_headers_name_turn_and_session() -> None:
    headers = Endpoint("turns: [{ reply: Hi }]").ask().headers
    assert (headers["x-emulator-turn"], headers["x-emulator-session"]) == ("test/1", "default")
