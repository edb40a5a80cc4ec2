"""Priority of turns, near misses, and the completeness of the index."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.core.budget import BudgetExceeded
from gemulator.core.errors import ScenarioError
from gemulator.request.conversation import Conversation
from gemulator.request.target import Target
from gemulator.scenario.library import Library, load, load_folders
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.model import Scenario
from gemulator.scenario.turns import TurnTable
from tests.asking import asked, called, read, result, turn

A = read("turns: [{when: {user: hi}, reply: a1}, {reply: a2}, {when: {user: ho}, times: 1, reply: a3}]", "a")
B = read("turns: [{reply: b1}, {when: {user: h}, reply: b2}]", "b")


def fitting(library: Library, text: str, only: str | None = None) -> list[str]:
    return [str(place) for place in library.matching_turns(asked(text), only)]


@pytest.mark.parametrize(
    ("text", "only", "order"),
    [
        ("hi", None, ["a/1", "b/2", "a/2", "b/1"]),
        ("ho", None, ["a/3", "b/2", "a/2", "b/1"]),
        ("x", None, ["a/2", "b/1"]),
        ("hi", "b", ["b/2", "b/1"]),
        ("hi", "none", []),
    ],
)
def test_conditions_come_first_over_all_files_in_name_order(text: str, only: str | None, order: list[str]) -> None:
    assert fitting(Library([B, A]), text, only) == order


def test_pushed_scenarios_come_first_and_hide_their_names() -> None:
    pushed = [read("turns: [{reply: z}]", "z"), read("turns: [{when: {user: hi}, reply: new}]", "a")]
    library = Library([A, B]).with_pushed(TurnTable(pushed))
    assert fitting(library, "hi") == ["a/1", "b/2", "z/1", "b/1"]
    assert next(library.matching_turns(asked("hi"))).turn.reply == "new"
    assert [scenario.name for scenario in library.scenarios] == ["z", "a", "b"]
    assert list(map(str, library.located_turns)) == ["a/1", "b/2", "z/1", "b/1"]


def test_a_files_model_is_a_condition_that_does_not_reorder() -> None:
    scoped = read("model: pro\nturns: [{reply: any}, {when: {model: flash}, reply: own}]", "0")
    library = Library([scoped, A])
    assert fitting(library, "hi") == ["a/1", "0/1", "a/2"]
    flash = asked("x", model="google/gemini-3-flash")
    assert [str(place) for place in library.matching_turns(flash)] == ["0/2", "a/2"]


def test_the_nearest_failed_least_and_look_most_alike() -> None:
    scenario = read(
        "turns:\n"
        "  - {when: {user: completely different, stream: true}, reply: x}\n"
        "  - {when: {user: tell me a joke}, reply: x}\n"
        "  - {when: {user: the weather please}, reply: x}\n"
        "  - {when: {user: fits}, reply: x}\n",
        "s",
    )
    nearest = Library([scenario]).near_misses(asked("the wether please, if it fits"))
    assert [near.where for near in nearest] == ["s/3", "s/2", "s/1"]
    assert str(nearest[0]) == (
        "s/3: user: expected 'the >>weather<< please' in it, saw 'the >>wether<< please, if it fits'"
        " (first difference at character 7 of 18 expected, 7 of 29 seen)"
    )


def nearest_to(when: str, prompt: str) -> str:
    found = Library([read(f"turns: [{{when: {when}, reply: x}}]")]).near_misses(asked(prompt))
    return str(found[0]).partition(": ")[2]


@pytest.mark.parametrize(
    ("when", "prompt", "message"),
    [
        (
            "{user: {equals: Report of 2026-03-01 for Acme}}",
            "Report of 2026-03-02 for Acme",
            "user: expected equals 'Report of 2026-03->>01<< for Acme', saw 'Report of 2026-03->>02<< for Acme'"
            " (first difference at character 20 of 29 expected, 20 of 29 seen; only dates, ids or numbers differ:"
            ' write `user: { like: "Report of {date} for Acme" }`)',
        ),
        (
            "{user: 'order 4711 of today'}",
            "Show top 10: ORDER 4712  of today, please",
            'write `user: { like: "{any}ORDER {number}  of today{any}" }`)',
        ),
        (
            "{user: {like: 'Report of {date} for {any}'}}",
            "Report of today for me",
            "user: expected like 'Report of >>{date} for {any}<<', saw 'Report of >>today for me<<'"
            " (first difference at character 11 of 26 expected, 11 of 22 seen)",
        ),
        (
            "{user: [snow in Rome, the weather in Rome]}",
            "the weather in Bonn",
            "user: expected 'the weather in >>Rome<<' in it, or one of 1 others, saw 'the weather in >>Bonn<<'"
            " (first difference at character 16 of 19 expected, 16 of 19 seen)",
        ),
        ("{user: weather}", "Tell me a joke", "user: expected 'weather' in it, saw 'Tell me a joke'"),
        ("{user: weather}", "joke " * 40, f"saw {('joke ' * 40)[:77] + '...'!r} (200 characters)"),
        (
            "{body: {metadata.id: {equals: abcdef}}}",
            "hi",
            "body.metadata.id: expected equals 'abcdef', saw nothing",
        ),
    ],
)
def test_a_message_shows_the_first_difference(when: str, prompt: str, message: str) -> None:
    assert message in nearest_to(when, prompt)


def test_a_long_text_is_cut_around_the_difference() -> None:
    words = " ".join(f"word{number}" for number in range(5_000))
    message = nearest_to(f"{{user: {{equals: {words}}}}}", words.replace("word4000", "wort4000"))
    assert ">>word4000<<" in message
    assert ">>wort4000<<" in message
    assert f"first difference at character {words.index('word4000') + 4:,} of {len(words):,} expected" in message
    assert len(message) < 500


def test_nearest_turns_rank_by_agreement() -> None:
    scenario = read(
        "turns:\n"
        "  - {when: {user: something else, model: google}, reply: x}\n"
        "  - {when: {user: the weather in Rome today, system: You are a pirate}, reply: x}\n",
        "s",
    )
    pirate = {"role": "system", "content": "You are a pirat."}
    nearest = Library([scenario]).near_misses(asked(pirate, "the weather in Rome tody", model="google/x"))
    assert [near.where for near in nearest] == ["s/2", "s/1"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("turns: [{when: {header: {X-A: '1', any: x}}, reply: a}]", [b"any", b"x-a"]),
        ("turns: [{when: {any: [{header: {b: x}}], not: {header: {c: true}}}, reply: a}]", [b"b", b"c"]),
        ("turns: [{reply: [{text: '{{ header.X-Who }}'}]}]", [b"x-who"]),
        ("turns: [{reply: {choose: [{error: 500, message: '{{ header.q | upper }}'}]}}]", [b"q"]),
        ("turns: [{reply: '{{ header | json }}'}]", [b"*"]),
        ("turns: [{reply: '{{ user }}'}]", []),
    ],
)
def test_headers_that_decide(text: str, names: list[bytes]) -> None:
    assert list(Library([read(text)]).header_names) == names


# ---- folders


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_which_files_are_scenarios(tmp_path: Path) -> None:
    good = "turns: [{reply: x}]"
    write(tmp_path, b=good, a__c=good, _piece="- x", _folder__d=good)
    (tmp_path / "e.yml").write_text(good)
    (tmp_path / "f.json").write_text("{}")
    (tmp_path / ".hidden.yaml").write_text("x")
    assert [scenario.name for scenario in load([tmp_path]).scenarios] == ["a/c", "b", "e"]
    assert [scenario.name for scenario in load([tmp_path / "b.yaml"]).scenarios] == ["b"]


def test_all_problems_of_all_files_are_said(tmp_path: Path) -> None:
    write(tmp_path, a="turns: 1", b="x: 1", c="turns: [{reply: x}]")
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    with pytest.raises(ScenarioError) as caught:
        load([tmp_path])
    assert [problem.file.name for problem in caught.value.problems] == ["a.yaml", "b.yaml", "b.yaml", "d.yaml"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file or folder"):
        load([tmp_path / "none"])


PIECES = {
    "_both": "- {when: {user: p}, reply: p}\n- {reply: {include: _words.yaml}}\n",
    "_words": "- {text: one}\n- {text: '{{ user }}'}\n",
    "_when": "{user: w, turn: 1}",
    "_pace": "{first_token: 1s}",
}


def test_pieces_are_put_in(tmp_path: Path) -> None:
    write(
        tmp_path,
        **PIECES,
        s="pacing: {include: _pace.yaml}\n"
        "turns:\n"
        "  - include: _both.yaml\n"
        "  - when: {include: _when.yaml}\n"
        "    reply: [{text: zero}, {include: _words.yaml}, {call: f, with: {include: x}}]\n",
    )
    folder = Folder(tmp_path)
    (scenario,) = load_folders([folder]).scenarios
    plain = read(
        "turns: [{when: {user: p}, reply: p}, {reply: [{text: one}, {text: '{{ user }}'}]},"
        " {when: {user: w, turn: 1}, reply: [{text: zero}, {text: one}, {text: '{{ user }}'},"
        " {call: f, with: {include: x}}]}]"
    )
    assert [turn.content for turn in scenario.turns] == [turn.content for turn in plain.turns]
    assert scenario.pacing is not None
    assert scenario.pacing.first_token == 1.0
    assert {file.name for file in folder.included} == {f"{name}.yaml" for name in PIECES}


@pytest.mark.parametrize(
    ("pieces", "text", "said"),
    [
        (
            {},
            "turns: [{include: _no.yaml}]",
            "s.yaml:1:19: turns[0].include: file `_no.yaml` not found in the folder of s.yaml",
        ),
        ({}, "turns: [{include: ../../etc/passwd}]", "is outside the scenario folder"),
        ({}, "turns: [{include: /etc/passwd}]", "is outside the scenario folder"),
        ({}, "turns: [{include: 5}]", "`include` must be a file name"),
        ({"_a": "{include: _a.yaml}"}, "turns: [{include: _a.yaml}]", "`_a.yaml` includes itself"),
        (
            {"_a": "- {reply: x}\n- {reply: {txt: y}}\n"},
            "turns: [{include: _a.yaml}]",
            "_a.yaml:2:11: turns[1].reply: unknown reply part",
        ),
        (
            {"_a": "- {reply: x}\n"},
            "turns: [{include: _a.yaml}, {reply: 5}]",
            "s.yaml:1:37: turns[1].reply: expected a string",
        ),
        ({"_a": "a: b: c"}, "turns: [{include: _a.yaml}]", "_a.yaml:1:4: a text with `: ` in it must be quoted"),
        ({}, "turns: [{reply: {image: x, file: ../x.png}}]", "is outside the scenario folder"),
        ({}, "turns: [{reply: {image: x, file: x.png}}]", "file `x.png` not found in the folder of s.yaml"),
        ({}, "turns: [{reply: {image: x, file: x.exe}}]", "image files end in .png, .jpg, .jpeg, .webp"),
        ({}, 'turns: [{reply: {image: x, file: "a\\0.png"}}]', "is not a valid file name"),
    ],
)
def test_what_is_wrong_with_a_piece(tmp_path: Path, pieces: dict[str, str], text: str, said: str) -> None:
    write(tmp_path / "in", **pieces, s=text)
    with pytest.raises(ScenarioError) as caught:
        load([tmp_path / "in"])
    assert said in str(caught.value).replace(f"{tmp_path}/in/", "")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    write(tmp_path / "in", s="turns: [{reply: {image: x, file: x.png}}]")
    (tmp_path / "in" / "x.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ScenarioError, match="outside the scenario folder"):
        load([tmp_path / "in"])


def test_a_scenario_that_is_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "out", s="turns: [{reply: secret}]")
    write(tmp_path / "in", a="turns: [{reply: a}]")
    (tmp_path / "in" / "s.yaml").symlink_to(tmp_path / "out" / "s.yaml")
    with pytest.raises(ScenarioError, match=r"in/s\.yaml:1:1: this link points outside the scenario folder"):
        load([tmp_path / "in"])
    assert [one.name for one in load([tmp_path / "in" / "s.yaml"]).scenarios] == ["s"]  # named itself: it is meant


def test_links_within_the_folder_are_followed_as_kubernetes_mounts_need(tmp_path: Path) -> None:
    """A ConfigMap's files are links through `..data`, itself a link to the folder of the moment."""
    mount = tmp_path / "mount"
    write(mount / "..2026_01_01", s="turns: [{reply: [{text: a}, {image: x, file: x.png}]}]")
    (mount / "..2026_01_01" / "x.png").write_bytes(b"png")
    (mount / "..data").symlink_to("..2026_01_01")
    for name in ("s.yaml", "x.png"):
        (mount / name).symlink_to(f"..data/{name}")
    (tmp_path / "linked").symlink_to(mount)
    for folder in (mount, tmp_path / "linked"):
        assert [one.name for one in load([folder]).scenarios] == ["s"]


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    from gemulator.core.plan import Media
    from tests.asking import planned

    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    (tmp_path / "b.mp3").write_bytes(b"mp3")
    write(tmp_path, s="turns: [{reply: [{image: x, file: a.jpg}, {audio: y, file: b.mp3}]}]")
    own = load([tmp_path]).scenarios[0].turns[0]
    (tmp_path / "a.jpg").unlink()  # read when the file was loaded
    assert planned(own, asked("hi")).choices[0].parts == (
        Media("image", "image/jpeg", "anBlZw=="),
        Media("audio", "audio/mpeg", "bXAz"),
    )


# ---- the index


TEXTS = st.sampled_from(
    [
        "a",
        "hi",
        "weather",
        "the weather in Paris",
        "İstanbul STRASSE ß",
        "google/gemini",
        "abcdef",
        "bcdefgh",
        "  the\nweather ",
        "the  weather",
    ]
)
COMPARED = TEXTS | st.fixed_dictionaries(
    {},
    optional={
        "equals": TEXTS,
        "contains": TEXTS,
        "glob": st.sampled_from(["*", "h?", "*ther*", "[a]bc*", "wea*Paris"]),
        "matches": st.sampled_from(["^a", "e.*r", "(?i)HI"]),
        "not": TEXTS,
        "word": TEXTS,
        "like": st.sampled_from(["{any}", "the  {any} {id}", "{number}", "abc{any}"]),
    },
).filter(bool)
COMPARED |= st.builds(
    lambda key, text, exact: {key: text, "exact": exact}, st.sampled_from(["contains", "equals"]), TEXTS, st.booleans()
)
TEST = COMPARED | st.lists(COMPARED, min_size=1, max_size=3)
WHEN: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "user": TEST,
        "system": TEST,
        "earlier": TEST,
        "model": TEST | st.just("google/*"),
        "endpoint": TEST,
        "tools": TEST | st.booleans(),
        "tool_call": TEXTS | st.booleans() | st.fixed_dictionaries({"name": TEST}),
        "tool_result": TEXTS | st.booleans() | st.fixed_dictionaries({"name": TEST}),
        "header": st.fixed_dictionaries({"X-A": TEST | st.booleans()}),
        "turn": st.integers(1, 3),
        "all": st.lists(st.fixed_dictionaries({"user": TEST}), min_size=1, max_size=2),
        "any": st.lists(st.fixed_dictionaries({"user": TEST}), min_size=1, max_size=2),
        "not": st.fixed_dictionaries({"user": TEST}),
    },
)
SCENARIOS = st.lists(WHEN, min_size=1, max_size=8)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    words = TEXTS | st.just("") | st.text(max_size=8)
    messages: list[Any] = [{"role": "system", "content": draw(words)}, draw(words), draw(words)]
    if draw(st.booleans()):
        name = draw(TEXTS)
        messages += [called(name), result(name, draw(words))]
    headers = {"x-a": draw(words)} if draw(st.booleans()) else {}
    tool = {"type": "function", "function": {"name": draw(TEXTS)}}
    target = Target("v1", "p", "l", draw(TEXTS))
    return asked(*messages, headers=headers, target=target, model=draw(TEXTS), tools=[tool])


def scenario_of(whens: list[dict[str, Any]]) -> Scenario:
    return read(orjson.dumps({"model": "google", "turns": [{"when": when, "reply": "x"} for when in whens]}).decode())


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(SCENARIOS, conversations())
def test_the_index_never_skips_a_turn_that_fits(whens: list[dict[str, Any]], conversation: Conversation) -> None:
    library = Library([scenario_of(whens)])
    slow = [place for place in library.located_turns if not any(place.mismatches(conversation))]
    assert list(library.matching_turns(conversation)) == slow


@pytest.mark.slow
@settings(deadline=None)
@given(SCENARIOS, conversations())
def test_matching_and_explaining_never_disagree(whens: list[dict[str, Any]], conversation: Conversation) -> None:
    library = Library([scenario_of(whens)])
    fits = {str(place) for place in library.matching_turns(conversation)}
    near = {near.where: near.mismatches for near in library.near_misses(conversation, limit=100)}
    assert fits.isdisjoint(near)
    assert fits | near.keys() == set(map(str, library.located_turns))
    assert all(near.values())


@pytest.mark.parametrize("turns", [2, 200])  # compared one by one, and chosen by the index
def test_matching_ends_with_its_limit(turns: int) -> None:
    library = Library([scenario_of([{"user": {"matches": f"a+b+{number}$"}} for number in range(turns)])])
    conversation = asked("a" * 10_000)
    with pytest.raises(BudgetExceeded):
        list(library.matching_turns(conversation, limit=1_000))
    assert list(library.matching_turns(conversation)) == []


def test_the_index_asks_few_of_many() -> None:
    turns = [{"when": {"user": f"order number {n}"}, "reply": "x"} for n in range(10_000, 12_000)]
    library = Library([read(orjson.dumps({"turns": turns}).decode())])
    candidates = list(library._files.candidates(asked("what about order number 11234?"), 0))
    assert len(candidates) < 20
    assert [place.number for place in candidates if not any(place.mismatches(asked("order number 11234")))] == [1235]


def test_a_turn_counts_by_its_conditions() -> None:
    assert turn({"user": "x"}).conditional
    assert turn({"not": {"user": "x"}}).conditional
    assert not turn({}).conditional
