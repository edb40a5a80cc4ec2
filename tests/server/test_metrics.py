"""Prometheus metrics."""

import re

import pytest

from tests.admin_api import CHAT, AdminCaller, app_with

pytestmark = pytest.mark.slow


async def test_metrics(call: AdminCaller) -> None:
    for text in ("weather", "weather", "something"):
        await call.ask(text)
    text = await call("GET", "/metrics")
    route = "/v1/endpoints/openapi/chat/completions"

    def figure(name: str) -> float:
        return float(next(line for line in text.splitlines() if line.startswith(name)).rpartition(" ")[2])

    assert f'route="{route}"' in text
    by_status = {
        (found[1], found[2]): float(found[3])
        for found in re.finditer(r'gemulator_requests_total\{.*scenario="(\w*)",status="(\d+)"\} (\S+)', text)
    }
    assert by_status == {("weather", "429"): 1.0, ("weather", "200"): 1.0, ("", "200"): 1.0}
    assert figure("gemulator_unmatched_total") == 0
    assert figure("gemulator_in_flight") == 0
    assert figure('gemulator_duration_seconds_bucket{le="+Inf"') == 3
    assert figure('gemulator_chunks_bucket{le="1.0"') == 3
    assert "process_resident_memory_bytes" in text


async def test_metrics_of_failures() -> None:
    api = AdminCaller(app_with(unmatched="error", journal_entries=1))
    for text in ("one", "two", "three"):
        assert (await api.ask(text)).status_code == 400
    text = await api("GET", "/metrics")
    assert "gemulator_unmatched_total 3.0" in text
    assert "gemulator_journal_evictions_total 2.0" in text


async def test_long_labels_are_counted_as_other() -> None:
    api = AdminCaller(app_with())
    for number in range(3):
        body = {"model": f"google/{number}" + "n" * 5_000, "messages": [{"role": "user", "content": "hi"}]}
        assert (await api.http.post(CHAT, json=body, headers={"authorization": "Bearer x"})).status_code == 200
    text = await api("GET", "/metrics")
    assert 'model="other"' in text
    assert "nnnnn" not in text


async def test_label_sets_are_bounded() -> None:
    api = AdminCaller(app_with())
    for number in range(1_005):
        await api.http.post(CHAT.replace("projects/p", f"projects/p{number}"), content=b"{}")
    text = await api("GET", "/metrics")
    lines = [line for line in text.splitlines() if line.startswith("gemulator_requests_total")]
    assert len(lines) == 2
    assert sum(float(line.rpartition(" ")[2]) for line in lines) == 1_005
