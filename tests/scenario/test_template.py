"""Templates: values of expressions, and refused expressions."""

import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.errors import ReplyError
from gemulator.core.seed import Seed
from gemulator.scenario.templates.template import Template, fill
from gemulator.scenario.templates.variables import Variables
from tests.asking import PRO, asked, called, result

WEATHER = {"temp": 21.46, "days": ["Mo", "Tu"], "wind": {"dir": "N"}, "odd key": 1, "none": None}
ASKED = asked(
    {"role": "system", "content": "Be nice."},
    "first",
    {"role": "assistant", "content": "And?"},
    "Weather in Paris?",
    called("get_weather"),
    result("get_weather", WEATHER),
    headers={"x-tenant": "acme"},
    metadata={"tier": "gold"},
)
NOON = 1770897600.5  # 2026-02-12T12:00:00.5Z, a Thursday
HERE = Variables(ASKED, {"0": "in Paris", "1": "Paris", "city": "Paris", "days": "3"}, now=NOON)

GIVES: list[tuple[str, Any]] = [
    ("{{ user }}", "Weather in Paris?"),
    ("{{user|upper}}!", "WEATHER IN PARIS?!"),
    ("{{ system }} {{ model }}", f"Be nice. {PRO}"),
    ("{{ earlier[0] }}", "first"),
    ("{{ turn }}", 3),
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
    ("{{ 1 + 1 }}", 2),
    ("{{ turn * 2 - 1 }}", 5),
    ("{{ 1 + 2 * 3 }}", 7),
    ("{{ (1 + 2) * 3 }}", 9),
    ("{{ 10 - 2 - 3 }}", 5),
    ("{{ 6 / 3 }} {{ 7 / 2 }}", "2 3.5"),
    ("{{ match.days * 2 }}", 6),
    ("{{ tool_result.temp * 1.8 + 32 | round }}", 70.628),
    ("{{ (tool_result.temp * 1.8 + 32) | round }}", 71),
    ("{{ (tool_result.rain * 2) | default(0) }}", 0),
    ("{{ tool_result.rain | default(1) + 1 }}", 2),
    ("{{ user | length + 1 }}", 18),
    ("{{ now }}", "2026-02-12T12:00:00Z"),
    ('{{ now | date("%A, %e %B %Y, %H:%M:%S") }}', "Thursday, 12 February 2026, 12:00:00"),
    ('{{ now | date("%a %d/%m %b 100%%") }}', "Thu 12/02 Feb 100%"),
    ('{{ now | shift("3d") }} {{ now | shift("-13h") | date("%d") }}', "2026-02-15T12:00:00Z 11"),
    ("{{ now | unix + 60 }}", int(NOON) + 60),
    ('{{ 0 | date("%Y") }} {{ "2026-02-11T23:30:00-01:00" | date("%d %H") }}', "1970 12 00"),
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
    ("{{ 1 +1 }}", "expected a filter"),
    ("{{ 1 + }}", "is not an expression"),
    ("{{ (1 + 1 }}", "`)` is missing"),
    ("{{ " + "(" * 11 + "1" + ")" * 11 + " }}", "nested more than 10 deep"),
    ("{{ random(6) }}", "write `random(1, 6)`"),
    ("{{ random(6, 1) }}", "write `random(1, 6)`"),
    ("{{ random(1, turn) }}", "an argument must be a number"),
    ("{{ random(1 2) }}", "`,` or `)` is missing"),
    ('{{ now | date("%Q") }}', "`%Q` is unknown in a format of `date`: use %Y, %m"),
    ('{{ now | date("100%") }}', "`%` is unknown"),
    ('{{ now | shift("tomorrow") }}', "is not a shift of time: write one like `3d`"),
    ("{{ now | date }}", '`date("text")`'),
    ("{{ header.Authorization }}", "is a credential"),
    ('{{ header["x-goog-api-key"] | upper }}', "is a credential"),
    ("{{ 1 / 0 }}", "a number is divided by 0"),
    ("{{ 999999999999999999 * 999999999999999999 }}", "too large"),
    ("{{ 9999999999999 | unix }}", "is not a time"),
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
    ("{{ user + 1 }}", "`+` needs numbers, not Weather in Paris?"),
    ("{{ turn + true }}", "`+` needs numbers"),
    ("{{ 1 / (turn - 3) }}", "divided by 0"),
    ("{{ 999999999999999999 * 999999999999999999 * turn }}", "too large"),
    ('{{ user | date("%Y") }}', "is not a time"),
    ("{{ (9999999999999 * turn) | unix }}", "is not a time"),
    ('{{ now | shift("999999999d") }}', "out of range"),
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
    assert fill(value, HERE) == {"a": [21.46, {"{{ user }}": "3!"}], "b": 1}


DRAWN = "{{ random }} {{ random(1, 1000000) }} {{ random('red', 'green') }} {{ uuid }} {{ uuid }}"


def test_drawn_values_are_those_of_the_seed() -> None:
    def drawn(seed: bytes) -> str:
        return Template.of(DRAWN).text(Variables(ASKED, seed=Seed(seed)))

    first = drawn(b"a")
    assert first == drawn(b"a") != drawn(b"b")
    unit, number, colour, *uuids = first.split()
    assert 0 <= float(unit) < 1
    assert 1 <= int(number) <= 1_000_000
    assert colour in {"red", "green"}
    assert len({*uuids}) == 2
    assert all(uuid.UUID(one).version == 4 for one in uuids)


@given(st.text(alphabet="{} user.|()+*/'\"[]*0-a,\\\n", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        given = Template.of(text).text(HERE)
    except (ValueError, ReplyError):
        return
    assert isinstance(given, str)
