"""Hints of refusals, and each rule seen to refuse and to pass."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemulator.core.settings import Settings
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.service.catalog import Model
from gemulator.service.rules import RULES, Policy, RuleContext
from gemulator.service.rules.rule import features_present
from tests.endpoint import CATALOG, GEMINI_3, Endpoint
from tests.service.rules import (
    test_declarations,
    test_histories,
    test_locations,
    test_messages,
    test_parameters,
    test_passes,
    test_signatures,
)

STRICT = {"strictness": "strict"}
LENIENT = {"strictness": "lenient"}
LISTED = {"models": "catalog"}
Row = tuple[dict[str, Any], dict[str, Any]]  # settings and request fields


def refused() -> Iterator[Row]:
    """Yield the refused inputs of all tables."""
    for _, settings, fields, _ in (*test_parameters.REFUSED, *test_messages.REFUSED):
        yield settings, fields
    for _, mildest, fields, _ in test_declarations.REFUSED:
        yield {"strictness": mildest}, fields
    for _, model, messages, _ in test_histories.REFUSED:
        yield {}, {"model": model, "messages": messages}
    for model, location in test_locations.REFUSED:
        yield {}, {"model": model, "location": location}
    for model, location, _ in test_locations.NOTED:
        yield STRICT, {"model": model, "location": location}
    for _, settings, model, messages, says in test_signatures.SIGNED:
        if says is not None:
            yield settings, {"model": model, "messages": messages}
    yield STRICT, {"messages": test_signatures.ONE}
    yield STRICT, {"messages": [*test_signatures.BARE[:1], _placeholder(), *test_signatures.BARE[2:]]}


def _placeholder() -> dict[str, Any]:
    message: dict[str, Any] = json.loads(json.dumps(test_signatures.BARE[1]))
    message["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "<THOUGHT_SIGNATURE>"}}
    return message


def accepted() -> Iterator[Row]:
    """Yield the accepted inputs of all tables, neighbours of the refused ones."""
    for _, settings, fields in test_passes.PASSES:
        yield settings, fields
    for _, fields in test_declarations.ACCEPTED:
        yield STRICT, fields
    for _, model, messages in test_histories.ACCEPTED:
        yield {}, {"model": model, "messages": messages}
    for model, location in test_locations.SERVED:
        yield STRICT, {"model": model, "location": location}
    for _, settings, model, messages, says in test_signatures.SIGNED:
        if says is None:
            yield settings, {"model": model, "messages": messages}
    yield LISTED, {"model": GEMINI_3}
    yield STRICT, {"messages": test_signatures.SKIPPED}
    yield STRICT, {"stop": "x"}


def context(settings: dict[str, Any], fields: dict[str, Any]) -> RuleContext | None:
    """Return the context in which the rules see a request, None if it is refused before."""
    fields = {"model": GEMINI_3, "messages": [{"role": "user", "content": "Hi"}], **fields}
    target = Target("v1", "p", fields.pop("location", "global"), fields.pop("endpoint", "openapi"))
    model = CATALOG.lookup(fields["model"], target)
    if not isinstance(model, Model) or not target.shared:
        return None
    chosen = Settings(**{"scenarios": (), **settings})
    conversation = Conversation(parse(json.dumps(fields).encode()), target, {})
    return RuleContext.of(
        conversation,
        model,
        Policy.from_settings(chosen, chosen.strictness, chosen.signatures),
        lambda name, signature: False,
    )


@pytest.mark.slow
def test_every_rule_refuses_an_input() -> None:
    broken: set[str] = set()
    for settings, fields in refused():
        seen = context(settings, fields)
        broken.update(rule.name for rule in RULES if seen and rule.refuses(seen.policy) and rule.check(seen))
    assert {rule.name for rule in RULES} - broken == set()


def test_every_rule_passes_a_neighbour() -> None:
    passed: set[str] = set()
    for settings, fields in accepted():
        seen = context(settings, fields)
        if seen is None:
            continue
        # The rules on empty messages and turns refuse whatever has them: their neighbours do not.
        present = {*fields, *features_present(seen.conversation.features), "empty", "no turns"}
        for rule in RULES:
            if (not rule.requires or not rule.requires.isdisjoint(present)) and rule.check(seen) is None:
                passed.add(rule.name)
    assert {rule.name for rule in RULES} - passed == set()


@pytest.mark.parametrize(("settings", "fields"), [*refused()])
def test_refusal_has_a_hint_in_header_and_journal(settings: dict[str, Any], fields: dict[str, Any]) -> None:
    endpoint = Endpoint(**settings)
    answer = endpoint.ask(**fields)
    hint = answer.headers["x-emulator-hint"]
    assert "; to go on: " in hint
    assert (hint.isascii(), hint.isprintable(), len(hint) <= 600) == (True, True, True)
    (entry,) = asyncio.run(endpoint.engine.store.entries()).entries
    assert entry.received.exchange.hint.encode("ascii", "replace").decode() == hint
    plain = Endpoint(**settings, emulator_headers=False).ask(**fields)
    assert plain.text == answer.text
    assert not [name for name in plain.headers if "emulator" in name]


@pytest.mark.parametrize(
    ("settings", "fields", "option"),
    [
        ({}, {"temperature": 9}, "`--strictness lenient`"),
        ({}, {"messages": test_signatures.BARE}, "`--strictness lenient`"),
        ({"signatures": "enforce"}, {"messages": test_signatures.BARE}, "`--signatures warn`"),
        (STRICT, {"logit_bias": {"5": 1}}, "`--strictness service`"),
        ({"strict_params": True}, {"logit_bias": {"5": 1}}, "`--no-strict-params`"),
        ({"strict_media": True}, test_messages.REFUSED[-1][2], "`--no-strict-media`"),
    ],
)
def test_option_of_the_hint_lets_the_request_pass(
    settings: dict[str, Any], fields: dict[str, Any], option: str
) -> None:
    hint = Endpoint(**settings).ask(**fields).headers["x-emulator-hint"]
    assert hint.endswith(f", or {option}")
    name, _, value = option.strip("`").removeprefix("--").partition(" ")
    chosen: dict[str, Any] = {name.replace("-", "_"): value}
    if name.startswith("no-"):
        chosen = {name.removeprefix("no-").replace("-", "_"): False}
    assert Endpoint(**{**settings, **chosen}).ask(**fields).status == 200


def test_hint_of_a_refusal_that_is_always_made_names_no_option() -> None:
    assert "--strictness" not in Endpoint().ask(n=2**40).headers["x-emulator-hint"]


def test_names_of_the_request_do_not_break_the_hint() -> None:
    name = "a\r\nx-injected: yes \u202e" + "é" * 5_000
    answer = Endpoint().ask(tools=[{"type": "function", "function": {"name": name}}])
    hint = answer.headers["x-emulator-hint"]
    assert (hint.isprintable(), hint.isascii(), len(hint) <= 600) == (True, True, True)


CHANGES = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")
TABLE = {
    line.split("`")[1]: line.rsplit("|", 2)[1].strip()
    for line in CHANGES.partition("### Refused by default now")[2].partition("\n### ")[0].splitlines()
    if line.startswith("| `")
}


def test_changelog_has_a_way_back_for_each_rule_that_is_new() -> None:
    new = {
        rule.name for rule in RULES if rule.strictness == "service" and rule.fact[:3] in {"§15", "§16", "§17", "§18"}
    }
    assert {*TABLE} - {rule.name for rule in RULES} == set()
    assert new - {*TABLE} == set()


@pytest.mark.slow
@pytest.mark.parametrize("rule", TABLE)
def test_way_back_of_the_changelog_answers_as_before(rule: str) -> None:
    settings: dict[str, Any] = {"signatures": "warn"} if "--signatures warn" in TABLE[rule] else LENIENT
    check = next(one for one in RULES if one.name == rule)
    tried = 0
    for chosen, fields in refused():
        seen = context(chosen, fields)
        if seen is not None and chosen in ({}, {"strictness": "service"}) and check.check(seen):
            tried += 1
            calling = {"tool_choice": "none"}  # some of these schemas have no value that a call could have
            assert Endpoint(**settings).ask(**{**fields, **calling}).status == 200, fields
    assert tried
