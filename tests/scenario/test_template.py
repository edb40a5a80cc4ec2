"""Templates: values of expressions, and refused expressions."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.errors import ReplyError
from gemulator.scenario.templates.template import Template, fill
from gemulator.scenario.templates.variables import Variables
from tests.asking import PRO, asked, called, result

WEATHER = {"temp": 21.46, "days": ["Mo", "Tu"], "wind": {"dir": "N"}, "odd key": 1, "none": None}
ASKED = asked(
    {"role": "system", "content": "Be nice."},
    "first",
    "Weather in Paris?",
    called("get_weather"),
    result("get_weather", WEATHER),
    headers={"x-tenant": "acme"},
    metadata={"tier": "gold"},
)
HERE = Variables(ASKED, {"0": "in Paris", "1": "Paris", "city": "Paris"})

GIVES: list[tuple[str, Any]] = [
    ("{{ user }}", "Weather in Paris?"),
    ("{{user|upper}}!", "WEATHER IN PARIS?!"),
    ("{{ system }} {{ model }}", f"Be nice. {PRO}"),
    ("{{ earlier[0] }}", "first"),
    ("{{ turn }}", 2),
    ("{{ project }}/{{ location }}/{{ endpoint }}", "demo/global/openapi"),
    ("{{ header.X-Tenant }}", "acme"),
    ("{{ body.metadata.tier }}", "gold"),
    ("{{ match.city }} {{ match.1 }} {{ match[0] }}", "Paris Paris in Paris"),
    ("{{ tool_result.temp }}", 21.46),
    ("{{ tool_result.temp }} °C", "21.46 °C"),
    ("{{ tool_results.get_weather.wind.dir }}", "N"),
    ('{{ tool_result["odd key"] }}', 1),
    ("{{ tool_result.none }}", None),
    ("{{ tool_result.days }}", ["Mo", "Tu"]),
    ("{{ tool_result.days[*] }}", ["Mo", "Tu"]),
    ("{{ tool_result.days[-1] }}", "Tu"),
    ("{{ tool_result.wind }} now", '{"dir":"N"} now'),
    ("{{ tool_result.temp | round }}", 21),
    ("{{ tool_result.temp | round(1) }}", 21.5),
    ("{{ tool_result.days | join }}", "Mo, Tu"),
    ('{{ tool_result.days | join("-") | lower }}', "mo-tu"),
    ("{{ tool_result.days | first }}{{ tool_result.days | last }}", "MoTu"),
    ("{{ user | first }}", "W"),
    ("{{ tool_result.days | length }}", 2),
    ("{{ tool_result.days | json }}", '["Mo","Tu"]'),
    ("{{ user | truncate(7) }}", "Weathe…"),
    ('{{ user | replace("Paris", "Rome") }}', "Weather in Rome?"),
    ("{{ ' a ' | trim | title }}", "A"),
    ("{{ 'öl ÖL' | capitalize }}", "Öl öl"),
    ('{{ tool_result.rain | default("?") }}', "?"),
    ("{{ tool_result.rain | default(0) | round }}", 0),
    ("{{ '{{' }} user {{ '}}' }}", "{{ user }}"),
    ('{{ "a \\"b\\"" }}', 'a "b"'),
    ("{{ 3 }}{{ true }}", "3true"),
    ("no braces } {", "no braces } {"),
]


@pytest.mark.parametrize(("text", "value"), GIVES, ids=[text for text, _ in GIVES])
def test_expression(text: str, value: Any) -> None:
    assert Template.of(text).value(HERE) == value


REFUSED = [
    ("{{ usr }}", "did you mean `user`?"),
    ("{{ nothing.like.it }}", "use one of user, earlier"),
    ("{{ user | uper }}", "did you mean `upper`?"),
    ("{{ user | truncate }}", "`truncate(number)`"),
    ('{{ user | truncate("x") }}', "`truncate(number)`"),
    ("{{ user | upper(1) }}", "`upper` takes no arguments"),
    ("{{ user user }}", "expected a filter"),
    ("{{ user", "is not closed"),
    ("{{ }}", "is not an expression"),
    ("{{ user.__class__ | x() }}", "unknown filter `x`"),
    ("{{ user() }}", "expected a filter"),
    ("{{ a.b..c }}", "is not a valid path"),
    ("{{ 1 + 1 }}", "expected a filter"),
    ("{{ header.Authorization }}", "is a credential"),
    ('{{ header["x-goog-api-key"] | upper }}', "is a credential"),
    ("{% if user %}{{ if }}", "unknown variable `if`"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_no_expression_is_refused_when_read(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Template.of(text)


def test_all_headers_are_those_that_are_no_credentials() -> None:
    sent = Variables(asked("hi", headers={"x-tenant": "acme", "authorization": "Bearer s3cret"}))
    assert Template.of("{{ header }}").text(sent) == '{"x-tenant":"acme"}'


LACKING = [
    ("{{ tool_result.rain }}", "its keys are temp, days, wind"),
    ("{{ tool_result.days[5] }}", "has no value at this path"),
    ("{{ user.__class__ }}", "has no value at this path"),
    ("{{ header.x-none }}", "its keys are x-tenant"),
    ("{{ user | round }}", "needs a number"),
]


@pytest.mark.parametrize(("text", "reason"), LACKING)
def test_what_the_request_lacks_is_said(text: str, reason: str) -> None:
    with pytest.raises(ReplyError) as caught:
        Template.of(text).text(HERE)
    assert reason in str(caught.value)
    assert text in str(caught.value)


def test_a_result_that_has_not_come_is_said() -> None:
    with pytest.raises(ReplyError, match="no tool has answered"):
        Template.of("{{ tool_result.temp }}").text(Variables(asked("hi")))


@pytest.mark.parametrize(
    "text", ["{{ user }}", "{{ user | json }}", "{{ user | replace('a', 'aaaaaaaaaa') }}", "x{{ user }}"]
)
def test_more_than_a_megabyte_is_refused(text: str) -> None:
    with pytest.raises(ReplyError, match="1,000,000 bytes"):
        Template.of(text).text(Variables(asked("a" * 1_000_001)))


def test_values_inside_json_keep_their_types() -> None:
    value = {"a": ["{{ tool_result.temp }}", {"{{ user }}": "{{ turn }}!"}], "b": 1}
    assert fill(value, HERE) == {"a": [21.46, {"{{ user }}": "2!"}], "b": 1}


@given(st.text(alphabet="{} user.|()'\"[]*0-a,\\\n", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        given = Template.of(text).text(HERE)
    except (ValueError, ReplyError):
        return
    assert isinstance(given, str)
