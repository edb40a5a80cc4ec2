"""Mistakes in literal replies and in error values, and warnings of what no service would send."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.core.errors import ScenarioError
from gemulator.scenario.authoring.lint import lint
from gemulator.scenario.library import Library, load, load_folders
from gemulator.scenario.loading.folder import Folder
from tests.asking import read
from tests.endpoint import Endpoint

REPLY = "turns:\n  - reply:\n      {}\n"

# The reply, then place and message of the mistake, and words of its remedy.
MISTAKES = [
    ("body:", "3:12: turns[0].reply.body: `body` has no value", "write `body: ''`"),
    ("{ body: {}, stats: 500 }", "3:19: turns[0].reply.stats: unknown key `stats`", "Did you mean `status`?"),
    ("{ body: {}, status: 99 }", "3:27: turns[0].reply.status: 99 is out of range: at least 200", ""),
    ("{ body: {}, status: '500' }", "expected a whole number, found '500'", ""),
    ("{ body: {}, status: 204 }", "an answer with status 204 has no body", "use another status, or the fault `empty`"),
    ("{ body: {}, headers: { 'x a': b } }", "'x a' is not the name of a header", "use letters, digits and `-`"),
    ("{ body: {}, headers: { x-a: 3 } }", "turns[0].reply.headers.x-a: expected a string, found 3", "Quote it"),
    ('{ body: {}, headers: { x-a: "a\\nb" } }', "the value of the header `x-a` cannot be sent", "one line of Latin-1"),
    ("{ body: {}, headers: { Content-Length: '3' } }", "`Content-Length` is set by the server", "fault `wrong_length`"),
    ("{ body: { a: '{{ usr }}' } }", "unknown variable `usr`", "did you mean `user`?"),
    (
        "{ body: { a: 1 }, events: [x] }",
        "turns[0].reply.events: unknown key `events`",
        "Known keys: status, headers, body",
    ),
    ("[{ text: a }, { body: {} }]", "`body` cannot be one of several parts", "Make it the only reply"),
    ("{ candidates: [{ body: {} }] }", "`body` applies to the whole request", "must be a text or parts"),
    ("{ candidates: [{ events: [x] }] }", "`events` applies to the whole request", "must be a text or parts"),
    ("{ events: [] }", "3:17: turns[0].reply.events: the list is empty", "Add at least one entry"),
    ("{ events: { data: 1 } }", "turns[0].reply.events: expected a list or a string, found a mapping", ""),
    ("{ events: a.txt }", "`a.txt` is not a file of events", "its name must end in .sse"),
    ("{ events: a.sse }", "`a.sse` can be read in a scenario folder only", "write the events as a list"),
    (
        "{ events: [x, { data: 1, raw: y }] }",
        "turns[0].reply.events[1]: an event has either `data` or `raw`",
        "keep one",
    ),
    ("{ events: [{ data: 1, wait: 5 }] }", "events[0].wait: a duration needs a unit", "like 800ms"),
    ("{ events: [{ raw: x, event: y }] }", "`event` is not added to `raw`", "write the line `event: …` into `raw`"),
    ('{ events: [{ data: x, event: "a\\nb" }] }', "events[0].event: 'a\\nb' has the wrong format", "one line"),
    ("{ events: [{ data: '{{ usr }}' }] }", "unknown variable `usr`", "did you mean `user`?"),
    ('{ events: [{ raw: "data: {{ user\\n }}" }] }', "`{{` is not closed", "write `{{ user }}`"),
    ("{ error: missing-signature, with: { functon: f } }", "`with` has the unknown name `functon`", "mean `function`?"),
    ("{ error: corrupted-signature, with: { a: 1 } }", "`with` has the unknown name `a`", "has no values"),
    ("{ error: out-of-range, with: { of: 1 } }", "`with` has the unknown name `of`", "use `field`, `value`, `low`"),
    ("{ error: 404, with: { model: m }, message: No. }", "`message` replaces the message", "remove one of them"),
    ("{ error: 404, with: { model: '{{ usr }}' } }", "unknown variable `usr`", "did you mean `user`?"),
]


@pytest.mark.parametrize(("reply", "said", "remedy"), MISTAKES, ids=[reply for reply, _, _ in MISTAKES])
def test_mistake_is_named_with_place_and_remedy(reply: str, said: str, remedy: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(REPLY.replace("{}", reply, 1))
    told = str(caught.value)
    assert said in told
    assert remedy in told
    assert all(problem.line >= 2 for problem in caught.value.problems)


@pytest.mark.parametrize("field", ["id: a", "created: 1", "finish: stop", "usage: { prompt_tokens: 1 }"])
def test_fields_without_effect_are_named(field: str) -> None:
    with pytest.raises(
        ScenarioError, match=f"`{field.split(':', maxsplit=1)[0]}` has no effect beside `events`: write it there"
    ):
        read(f"turns:\n  - {field}\n    reply: {{ events: [x] }}\n")


def folder(tmp_path: Path, name: str, content: bytes | None, link: Path | None = None) -> Path:
    """A scenario folder whose one turn sends the events of a file."""
    root = tmp_path / "scenarios"
    root.mkdir()
    (root / "one.yaml").write_text(f"turns:\n  - reply: hi\n  - reply:\n      events: {name}\n")
    if link is not None:
        (root / name).symlink_to(link)
    elif content is not None:
        (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.sse", None, "file `a.sse` not found in the folder of one.yaml"),
        ("a.sse", b" \n", "`a.sse` has no events: add lines like `data: {}`"),
        ("a.sse", b"data: a\n\ndata: \xff\n\n", "`a.sse`, line 3: not valid UTF-8: save the file as UTF-8"),
        (
            "a.sse",
            b"data: a\n\ndata: b\n\ndata: {{ usr }}\n\n",
            "`a.sse`, event at line 5: `{{ usr }}`: unknown variable",
        ),
        ("../a.sse", None, "`../a.sse` is outside the scenario folder"),
        ("/etc/passwd.sse", None, "`/etc/passwd.sse` is outside the scenario folder"),
    ],
)
def test_unusable_file_is_named(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    root = folder(tmp_path, name, content)
    with pytest.raises(ScenarioError) as caught:
        load([root])
    (problem,) = caught.value.problems
    assert (problem.file.name, problem.line, problem.path) == ("one.yaml", 4, "turns[1].reply")
    assert said in problem.message


def test_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "secret.sse"
    outside.write_text("data: secret\n\n")
    with pytest.raises(ScenarioError, match=r"`a\.sse` is outside the scenario folder"):
        load([folder(tmp_path, "a.sse", None, link=outside)])


def test_link_within_the_folder_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path, "b.sse", b"data: inside\n\n")
    (root / "one.yaml").write_text("turns: [{ reply: { events: a.sse } }]")
    (root / "a.sse").symlink_to(root / "b.sse")
    assert len(load([root]).scenarios) == 1


# ---- warnings

CHUNK = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m"}
FIRST = {**CHUNK, "choices": [{"index": 0, "delta": {"content": "{{ user }}"}}]}
LAST = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
ANSWER: dict[str, Any] = {
    **{**CHUNK, "object": "chat.completion"},
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],
    "usage": {"total_tokens": 1},
}
ERROR = {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}
WARNINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({"body": ANSWER}, []),
    ({"body": json.dumps(ANSWER)}, []),
    ({"body": {**ANSWER, "created": "{{ body.created }}"}}, []),
    ({"body": [ERROR], "status": 503}, []),
    ({"body": ERROR, "status": 503}, []),
    ({"events": [FIRST, LAST, "[DONE]"]}, []),
    ({"events": [FIRST, ERROR]}, []),
    ({"events": [{"raw": ": ping\n\n"}, FIRST, {"raw": f"data: {json.dumps(LAST)}\n\ndata: [DONE]\n\n"}]}, []),
    ({"body": "x"}, ["it is no JSON object"]),
    ({"body": {**ANSWER, "object": "list"}}, ["`object` is 'list', not 'chat.completion'"]),
    ({"body": {name: value for name, value in ANSWER.items() if name != "id"}}, ["`id` is missing"]),
    (
        {"body": {**ANSWER, "created": "now", "usage": None}},
        ["`created` is not a whole number", "`usage` is not a mapping"],
    ),
    ({"body": {**ANSWER, "choices": []}}, ["`choices` is empty"]),
    (
        {"body": {**ANSWER, "choices": [{"delta": {}}]}},
        [
            "choices[0]: `index` is missing",
            "choices[0]: `message` is missing",
            "choices[0]: `finish_reason` is missing",
        ],
    ),
    ({"body": {"message": "m"}, "status": 503}, ["it has no `error` object"]),
    ({"body": ERROR, "status": 500}, ["error: `code` is 503, but the status is 500"]),
    ({"body": {"error": {"code": 500, "message": "m"}}, "status": 500}, ["error: `status` is missing"]),
    ({"events": [FIRST, LAST]}, ["`[DONE]` is missing at the end"]),
    ({"events": [FIRST, "[DONE]"]}, ["no chunk has a `finish_reason`"]),
    ({"events": ["[DONE]", LAST, "[DONE]"]}, ["events follow `[DONE]`, which is event 1"]),
    ({"events": [FIRST, "x", LAST, "[DONE]"]}, ["event 2 is no JSON object"]),
    ({"events": [FIRST, {**LAST, "id": "b"}, "[DONE]"]}, ["the chunks have different ids"]),
    ({"events": [{**FIRST, "object": "x"}, LAST, "[DONE]"]}, ["event 1: `object` is 'x', not 'chat.completion.chunk'"]),
    ({"events": [ERROR], "status": 503}, ["a refusal with status 503 is a body, no stream"]),
]


@pytest.mark.parametrize(("reply", "faults"), WARNINGS, ids=[str(faults) for _, faults in WARNINGS])
def test_check_points_out_what_no_service_would_send(reply: dict[str, Any], faults: list[str]) -> None:
    text = orjson.dumps({"turns": [{"when": {"user": "a"}, "reply": "a"}, {"reply": reply}]}).decode()
    problems = [problem for problem in lint(Library([read(text)]), [], {}) if not problem.hint]
    key = next(iter(reply))
    assert [problem.message for problem in problems] == [
        f"no service would send this: `{key}`: {fault}" for fault in faults
    ]
    assert all(problem.warning and problem.path == "turns[1]" for problem in problems)


def test_check_reads_the_events_of_a_file(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.sse", f"data: {json.dumps(FIRST)}\n\n".encode())
    folders = [Folder(root)]
    messages = [problem.message for problem in lint(load_folders(folders), folders, {}) if not problem.hint]
    assert "no service would send this: `events`: `[DONE]` is missing at the end" in messages


# ---- any value

TEXTS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="{"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.dictionaries(TEXTS, VALUES, max_size=3) | st.lists(VALUES, max_size=3))
def test_any_value_comes_back_as_it_was(value: Any) -> None:
    body = Endpoint(orjson.dumps({"turns": [{"reply": {"body": value}}]}).decode()).ask()
    assert body.body == value
    events = orjson.dumps({"turns": [{"reply": {"events": [{"data": value}, {"data": [value]}]}}]}).decode()
    first, second, _ = Endpoint(events).ask(stream=True).text.split("\n\n")
    assert [orjson.loads(event.removeprefix("data: ")) for event in (first, second)] == [value, [value]]
