"""Numbers that users write: refused where they are written, or right wherever they are used."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gemulator.cli import main
from gemulator.core.count import MAX_COUNT
from gemulator.core.errors import ScenarioError
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing, parse_quota
from gemulator.scenario.loading.reader import read_scenario
from tests.admin_api import AdminCaller, app_with
from tests.endpoint import Endpoint

BEYOND = (MAX_COUNT + 1, 2**63, 2**64 - 1, 2**64, 10**30)
FIELDS = (
    "usage: {{ prompt_tokens: {0} }}",
    "usage: {{ completion_tokens: {0} }}",
    "usage: {{ reasoning_tokens: {0} }}",
    "usage: {{ cached_tokens: {0} }}",
    "times: {0}",
    "fault: {{ disconnect: {{ after_chunks: {0} }} }}",
    "fault: {{ disconnect: {{ after_bytes: {0} }} }}",
    "fault: {{ no_done: {{ times: {0} }} }}",
    "fault: {{ no_done: {{ skip: {0} }} }}",
)
# Fields whose largest value is smaller.
SMALLER = (
    "pacing: {{ tokens_per_chunk: {0} }}",
    "pacing: {{ tokens_per_second: {0} }}",
    "pacing: {{ cap: {0} }}",
    "pacing: {{ first_token: {0}h }}",
    "reply: {{ text: x, chunks: {{ characters: {0} }} }}",
    "reply: {{ text: x, chunks: {{ tokens: {0} }} }}",
    "reply: {{ error: 429, retry_after: {0}s }}",
)
QUOTAS = ("requests_per_minute", "tokens_per_minute", "concurrent", "provisioned_tokens_per_minute")


def scenario(field: str) -> str:
    return (
        f"turns:\n  - {field}\n" if field.startswith("reply") else f"turns:\n  - reply: One two three.\n    {field}\n"
    )


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("field", [*FIELDS, *SMALLER])
def test_number_beyond_its_bound_is_refused(field: str, number: int) -> None:
    with pytest.raises(ScenarioError, match=r"out of range|too large|at most a year") as caught:
        read_scenario(scenario(field.format(number)), Path("own.yaml"), "own")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("text", ["tokens_per_second: 1e-300", "prompt_tokens_per_second: .nan", "cap: .inf"])
def test_rate_without_a_finite_wait_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        read_scenario(scenario(f"pacing: {{ {text} }}"), Path("own.yaml"), "own")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("field", FIELDS)
def test_largest_number_is_answered(field: str, stream: bool) -> None:
    answer = Endpoint(scenario(field.format(MAX_COUNT))).ask(stream=stream)
    assert answer.status == 200


def test_largest_counts_are_added_exactly() -> None:
    counts = f"prompt_tokens: {MAX_COUNT}, completion_tokens: {MAX_COUNT}, reasoning_tokens: {MAX_COUNT}"
    usage = Endpoint(scenario(f"usage: {{ {counts} }}")).ask().usage
    assert usage["total_tokens"] == 3 * MAX_COUNT


@pytest.mark.parametrize("quota", QUOTAS)
async def test_quota_beyond_its_bound_is_refused_everywhere(quota: str) -> None:
    for number in BEYOND:
        line = f"{quota}: {number}"
        with pytest.raises(ValueError, match=r"out of range|too large"):
            parse_quota(line)
    api = AdminCaller(app_with())
    async with api.http:
        response = await api.http.post(
            "/v1/projects/p/locations/global/endpoints/openapi/chat/completions",
            json={"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "hi"}]},
            headers={"authorization": "Bearer x", "x-emulator-quota": line},
        )
        assert response.status_code == 400
        assert response.json()["error"]["message"].startswith("gemulator: x-emulator-quota: ")
        await api("POST", "/chaos", 422, json={"quota": line})
    result = CliRunner().invoke(main, ["serve", "--quota", line])
    assert result.exit_code == 2
    assert "--quota: " in result.output


@pytest.mark.parametrize("text", ["{{ 99999999999999999999 }}", "{{ user | default(-99999999999999999999) }}"])
def test_whole_number_in_a_template_is_bounded(text: str) -> None:
    with pytest.raises(ScenarioError, match="is too large: quote it"):
        read_scenario(f"turns: [{{ reply: '{text}' }}]", Path("own.yaml"), "own")


def test_rounding_beyond_64_bits_is_refused() -> None:
    answer = Endpoint("turns: [{ reply: '{{ body.user_number | round }}' }]").ask(user_number=1e300)
    assert (answer.status, "1e+300 is too large for `round`" in answer.error["message"]) == (400, True)


@pytest.mark.parametrize("parse", [parse_faults, parse_pacing, parse_quota])
def test_long_lines_of_headers_are_refused(parse: Callable[[str], object]) -> None:
    """Thousands of faults in a header of 64 kB take a tenth of a second to read, with each request."""
    with pytest.raises(ValueError, match=r"a line of 14,000 characters is too long \(the limit is 4,000\)"):
        parse("stall, " * 2_000)
