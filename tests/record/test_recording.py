"""Recordings: answered again they send the recorded bytes, and people can read them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gemulator.cli import main
from gemulator.core import located_yaml
from gemulator.core.credentials import Redactor
from gemulator.record.exchange import Exchange, Piece
from gemulator.record.recording import RecordingBuilder
from gemulator.record.recording_folder import RecordingWriter
from gemulator.record.yaml_text import scenario_text
from gemulator.scenario.library import Library
from tests.endpoint import calling, result, tool, user
from tests.record.sameness import builder, conversations, goldens, measure, record, replay

GEMINI = "google/gemini-2.5-flash"
KEY = "AIza" + "x" * 35


def exchanges(*bodies: dict[str, Any]) -> list[Exchange]:
    """Return the exchanges of requests that gemulator answers with invented answers."""
    return asyncio.run(record(Library(), [("openapi", {"model": GEMINI, **body}) for body in bodies], "s"))


def asking(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {"messages": [user(one) if isinstance(one, str) else one for one in messages], **fields}


@pytest.mark.slow
def test_recorded_answers_replay_as_the_same_bytes() -> None:
    found = measure([goldens(), *conversations(200)])
    assert found.turns > 1_000
    assert not found.different
    assert not found.lost
    assert found.readable / found.turns >= 0.95, found.literal


def test_a_turn_has_the_smallest_set_of_conditions() -> None:
    text = builder().build(exchanges(asking("Hello"), asking("Bye")), "s").text
    assert "when: { user: { equals: Hello } }\n" in text
    assert "turn: 1" not in text


@pytest.mark.parametrize(
    ("other", "condition"),
    [
        (asking("Hi", {"role": "assistant", "content": "Yes?"}, "Hello"), "turn: 2"),
        (asking({"role": "system", "content": "Be brief."}, "Hello"), "system: { equals: Be brief. }"),
        (asking("Hello", calling("get"), result("get"), tools=[tool("get")]), "name: get"),
        (asking("Hello", response_format={"type": "json_object"}), "response_format: json_object"),
        (asking("Hello", stop=["x"]), "'stop[0]': { equals: x, exact: true }"),
    ],
)
def test_conditions_tell_requests_with_one_text_apart(other: dict[str, Any], condition: str) -> None:
    asked = exchanges(asking("Hello"), other)
    recording = builder().build(asked, "s")
    assert condition in recording.text
    assert replay(recording, asked) == ["", ""]


def test_dates_and_ids_become_holes() -> None:
    text = "Report of 2026-02-11 for 123e4567-e89b-12d3-a456-426614174000, order ord_12345678: 3 lines, H2O"
    (asked,) = exchanges(asking(text))
    recording = builder().build([asked], "s")
    assert "like: 'Report of {date} for {uuid}, order {id}: 3 lines, H2O'" in recording.text
    later = asked.body.replace(b"2026-02-11", b"2027-10-01").replace(b"12345678", b"87654321")
    assert replay(recording, [Exchange(asked.path, later, 200, asked.headers, asked.pieces)]) == [""]


def test_texts_that_differ_in_a_date_only_stay_apart() -> None:
    asked = exchanges(asking("Report of 2026-02-11"), asking("Report of 2026-02-12"))
    assert replay(builder().build(asked, "s"), asked) == ["", ""]


def test_repeats_are_one_turn_and_other_answers_follow() -> None:
    (first,) = exchanges(asking("Hello"))
    other = Exchange(first.path, first.body, 200, first.headers, [Piece(first.answer.replace(b"chat", b"chat", 1))])
    assert builder().build([first, other], "s").turns == 1
    body = json.loads(first.answer)
    body["choices"][0]["message"]["content"] = "Another answer."
    second = Exchange(first.path, first.body, 200, first.headers, [Piece(json.dumps(body).encode())])
    recording = builder().build([first, second], "s")
    assert recording.text.count("times: 1") == 1
    assert replay(recording, [first, second, second]) == ["", "", ""]


def test_a_cut_stream_is_a_disconnect_fault() -> None:
    (whole,) = exchanges(asking("Why is the sky blue?", stream=True))
    part = whole.answer[: len(whole.answer) // 2]
    cut = Exchange(whole.path, whole.body, 200, whole.headers, [Piece(part)], cut=True)
    recording = builder().build([cut], "s")
    assert f"fault: {{ disconnect: {{ after_bytes: {len(part)} }} }}" in recording.text
    assert "# Not in parts: the answer was cut." in recording.text
    assert replay(recording, [cut]) == [""]


def test_an_unusual_answer_is_kept_beside_with_its_reason() -> None:
    (asked,) = exchanges(asking("Hello", stream=True))
    odd = asked.answer.replace(b'"system_fingerprint":""', b'"system_fingerprint":"fp_1"')
    recording = builder().build([Exchange(asked.path, asked.body, 200, asked.headers, [Piece(odd)])], "s")
    assert "# Not in parts: event 1, system_fingerprint." in recording.text
    assert list(recording.files.values()) == [odd]


def test_credentials_are_neither_in_conditions_nor_in_answers() -> None:
    (asked,) = exchanges(asking(f"My key is {KEY}, order 77."))
    told = Exchange(asked.path, asked.body, 200, asked.headers, [Piece(asked.answer.replace(b"Hi", KEY.encode()))])
    recording = builder().build([told], "s")
    assert KEY not in recording.text
    assert "My key is {any}, order 77." in recording.text
    assert replay(recording, [asked])[0] in {"", "choices[0].message.content"}


def test_texts_of_the_redact_option_are_redacted() -> None:
    (asked,) = exchanges(asking("Ask Ada about it."))
    making = RecordingBuilder(builder()._replayer, Redactor(["Ada"]))
    assert "like: 'Ask {any} about it.'" in making.build([asked], "s").text


def test_braces_in_texts_are_no_templates() -> None:
    (asked,) = exchanges(asking("Hello {{ user }} {date}"))
    body = json.loads(asked.answer)
    body["choices"][0]["message"]["content"] = "Write {{ user }} and {date}."
    told = Exchange(
        asked.path, asked.body, 200, asked.headers, [Piece(json.dumps(body, separators=(",", ":")).encode())]
    )
    recording = builder().build([told], "s")
    assert recording.readable == 1
    assert replay(recording, [told]) == [""]


def test_the_writer_replaces_files_whole(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, builder())
    first, second = exchanges(asking("Hello"), asking("Bye"))
    writer.add(first)
    before = (tmp_path / "s.yaml").read_text()
    writer.add(second)
    after = (tmp_path / "s.yaml").read_text()
    assert "Hello" in before
    assert "Bye" not in before
    assert "Hello" in after
    assert "Bye" in after
    assert [file.name for file in tmp_path.iterdir()] == ["s.yaml"]


def test_a_request_that_cannot_be_read_is_named() -> None:
    recording = builder().build([Exchange("/v1/other", b"{}", 200, source="a.har:3")], "s")
    assert [(lost.source, lost.reason) for lost in recording.lost] == [
        ("a.har:3", "the path /v1/other is not one of chat completions")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "1e3",
        "",
        " x",
        "a: b",
        "- a",
        "#",
        "{x}",
        "'",
        '"',
        "a\nb",
        "a\n\n",
        " a\nb",
        "\t",
        "\x00",
        "é\u2028",
        "😀",
        "|",
    ],
)
def test_texts_are_read_as_they_were_written(text: str) -> None:
    scenario = {"turns": [{"when": {"user": text}, "reply": [text, {"call": text, "with": {text: [text, 1.5, True]}}]}]}
    assert located_yaml.read(scenario_text(scenario, {0: ["why"]}), Path("x.yaml")).data == scenario


def test_the_pace_is_kept_in_waits_of_events() -> None:
    (whole,) = exchanges(asking("Why is the sky blue?", stream=True))
    events = [event + b"\n\n" for event in whole.answer.split(b"\n\n")[:-1]]
    pieces = [
        Piece(events[0][:30], 0.120),
        Piece(events[0][30:] + events[1], 0.030),
        Piece(b"".join(events[2:]), 0.0201),
    ]
    told = Exchange(whole.path, whole.body, 200, whole.headers, pieces)
    recording = builder().build([told], "s")
    assert "pacing: { waits: [150ms, 0ms, 20ms] }" in recording.text
    assert recording.readable == 1
    assert replay(recording, [told]) == [""]


def test_many_waits_are_wrapped() -> None:
    waits = [f"{number}ms" for number in range(500)]
    scenario: dict[str, Any] = {"turns": [{"reply": "Hi", "pacing": {"waits": waits}}]}
    text = scenario_text(scenario)
    assert located_yaml.read(text, Path("x.yaml")).data == scenario
    assert text.count("\n") < 50


def test_check_says_when_the_app_has_changed(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Today is 2026-02-11. Be brief."}
    asked = asking(system, "Hello", tools=[tool("get_weather")])
    recording = builder().build(exchanges(asked), "s")
    (tmp_path / "s.yaml").write_text(recording.text, encoding="utf-8")

    def check(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
        (tmp_path / "asked.json").write_text(json.dumps({"messages": messages, "tools": tools}), encoding="utf-8")
        words = ["check", str(tmp_path), "--tools", str(tmp_path / "asked.json"), "--strict"]
        return CliRunner().invoke(main, words).output

    later = system | {"content": "Today is 2027-10-01. Be brief."}
    assert "0 problems, 0 warnings" in check([later], [tool("get_weather")])
    assert "the tools differ from those of the recording" in check(
        [later], [tool("get_weather", day={"type": "string"})]
    )
    other = system | {"content": "Today is 2027-10-01. Be verbose."}
    assert "the system text differs from those of the recording" in check([other], [tool("get_weather")])


def test_digests_stand_at_the_file_or_at_turns_that_differ() -> None:
    plain, with_tools = asking("Hello"), {"tools": [tool("get_weather")]}
    same = builder().build(exchanges(asking("Hello", **with_tools), asking("Bye", **with_tools)), "s")
    assert same.text.count("recorded:") == 1
    assert same.text.startswith("recorded: { tools: ")
    mixed = exchanges(plain, asking("Bye", **with_tools))
    recording = builder().build(mixed, "s")
    assert recording.text.count("recorded:") == 1
    assert replay(recording, mixed) == ["", ""]


@pytest.mark.parametrize(
    "damage",
    [
        {"choices": [{"index": [], "finish_reason": 5, "message": {"content": "Hi"}}]},
        {"choices": [{"message": {"content": {"a": 1}, "tool_calls": [3, {"function": []}]}}]},
        {"choices": [{"message": {"audio": {"data": "?"}, "extra_content": {"google": {"parts": [{}]}}}}]},
        {"choices": {}, "usage": 3, "created": "x", "id": None},
        {"{{ user }}": "\x00\u2028", "choices": [None]},
        [[]],
        3,
    ],
)
@pytest.mark.parametrize("status", [200, 400, 599])
def test_a_damaged_answer_is_kept_as_it_was_sent(damage: Any, status: int) -> None:
    (asked,) = exchanges(asking("Hello"))
    told = Exchange(asked.path, asked.body, status, asked.headers, [Piece(json.dumps(damage).encode())])
    recording = builder().build([told], "s")
    assert recording.turns == 1
    assert replay(recording, [told]) == [""]


@pytest.mark.parametrize("status", [0, 204, 304, 700])
def test_an_answer_that_no_turn_can_have_is_named(status: int) -> None:
    (asked,) = exchanges(asking("Hello"))
    recording = builder().build([Exchange(asked.path, asked.body, status, asked.headers, [], source="a:1")], "s")
    assert [one.reason for one in recording.lost] == [f"no turn can have its answer, with status {status}"]


@pytest.mark.parametrize("form", ["", "json", "{x}", "no"])
def test_unusual_values_of_parameters_are_told_apart(form: str) -> None:
    asked = exchanges(asking("Hello"), asking("Hello"))
    odd = json.loads(asked[0].body) | {"response_format": {"type": form}, "reasoning_effort": form}
    told = Exchange(asked[0].path, json.dumps(odd).encode(), 429, asked[0].headers, [Piece(b"[]")])
    recording = builder().build([asked[0], told], "s")
    assert replay(recording, [asked[0], told]) == ["", ""]
