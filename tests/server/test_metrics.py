"""Prometheus metrics."""

import json
import platform
import re
from pathlib import Path

import pytest
import yaml

from gemulator import create_app
from gemulator.core.settings import Settings
from gemulator.core.version import __version__
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from tests.admin_api import CHAT, AdminCaller, app_with

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"


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


async def refuse_by_each_cause(api: AdminCaller) -> None:
    """Get 429 from a scenario, from chaos and from a quota, and a refusal of the service."""
    await api.ask("weather", session="a")
    await api("POST", "/chaos", json={"session": "b", "error": "429"})
    await api.ask("hello", session="b")
    await api("POST", "/chaos", json={"session": "c", "quota": "requests_per_minute: 1"})
    for _ in range(2):
        await api.ask("hello", session="c")
    await api.ask("hello", session="d", messages=[])


async def test_answers_with_429_are_counted_by_cause() -> None:
    api = AdminCaller(app_with())
    await refuse_by_each_cause(api)
    text = await api("GET", "/metrics")
    counted = dict(re.findall(r'gemulator_rate_limited_total\{cause="(\w+)"\} (\S+)', text))
    assert counted == {"quota": "1.0", "scenario": "1.0", "chaos": "1.0", "upstream": "0.0"}
    assert 'gemulator_refusals_total{name="no-entries"} 1.0' in text
    assert 'gemulator_refusals_total{name="exhausted"} 1.0' in text
    assert "gemulator_sessions 4.0" in text


async def test_tokens_and_release() -> None:
    turn = "turns: [{ reply: hi, usage: { prompt_tokens: 7, completion_tokens: 3, reasoning_tokens: 5 } }]"
    library = Library([read_scenario(turn, Path("a.yaml"), "a")])
    api = AdminCaller(create_app(Settings(log_format="off"), library=library))
    for text in ("one", "one", "two"):
        await api.ask(text)
    text = await api("GET", "/metrics")
    counted = dict(re.findall(r'gemulator_tokens_total\{kind="(\w+)",model="google/gemini-2.5-flash"\} (\S+)', text))
    assert counted == {"prompt": "21.0", "completion": "9.0", "reasoning": "15.0"}
    assert f'gemulator_build_info{{python="{platform.python_version()}",version="{__version__}"}} 1.0' in text


async def test_dashboard_and_scrape_example_name_what_there_is() -> None:
    api = AdminCaller(app_with())
    await refuse_by_each_cause(api)
    text = await api("GET", "/metrics")
    offered = set(re.findall(r"^(\w+)", text, re.M)) | {
        f"{name}_total" for name in re.findall(r"^# TYPE (\w+?)(?:_total)? counter", text, re.M)
    }
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    names = {name for query in queries for name in re.findall(r"\b(?:gemulator|process)_\w+", query)}
    assert len(names) > 10
    assert names <= offered
    [job] = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    assert (await api.http.get(job["metrics_path"])).text.startswith("# HELP")
