"""Recordings of the marker: replayed by default, written where a run says so."""

from pathlib import Path

import httpx
import pytest
from _pytest.pytester import LineMatcher

from gemulator import Emulator
from tests.client import pytest_project
from tests.record.raw_upstream import head, raw_upstream

pytestmark = pytest.mark.slow

ONE = """
    @pytest.mark.gemulator(record="recordings/one.yaml")
    def test_it(gemulator):
        print("said", ask(gemulator, "A riddle."))
"""
SHARED = """
    pytestmark = pytest.mark.gemulator(record="recordings/shared.yaml")

    @pytest.mark.parametrize("number", range(6))
    def test_it(gemulator, number):
        ask(gemulator, f"Tell me of the number {number} {number}.")
"""
ANSWER = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}'


AUTH = "gemulator_upstream_auth = none\n"


def run(folder: Path, tests: dict[str, str], *options: str, ini: str = "", **variables: str) -> LineMatcher:
    return pytest_project.run(folder, tests, *options, ini=AUTH + ini, **variables)


def said(text: str) -> tuple[bytes, bytes]:
    return head("200 OK", "application/json"), ANSWER % text.encode()


def test_missing_is_recorded_and_none_replays_it(tmp_path: Path) -> None:
    file = tmp_path / "recordings" / "one.yaml"
    with raw_upstream(*said("A piano.")) as up:
        upstream = f"--gemulator-upstream=vertex={up.url}"
        report = run(tmp_path, {"one": ONE}, upstream)
        report.fnmatch_lines(["*no recording *one.yaml. Record it: pytest --gemulator-record=missing"])
        assert not up.asked
        report = run(tmp_path, {"one": ONE}, "-s", upstream, "--gemulator-record=missing")
        report.fnmatch_lines(["*said A piano.*", "*1 passed*"])
        assert "A piano." in file.read_text()
        recorded = file.read_bytes()
        run(tmp_path, {"one": ONE}, upstream, "--gemulator-record=missing").fnmatch_lines(["*1 passed*"])
        run(tmp_path, {"one": ONE}, "-s", upstream).fnmatch_lines(["*said A piano.*", "*1 passed*"])
        assert len(up.asked) == 1
    assert file.read_bytes() == recorded
    run(tmp_path, {"one": ONE}, "-s").fnmatch_lines(["*said A piano.*", "*1 passed*"])


def test_a_miss_names_the_nearest_turn(tmp_path: Path) -> None:
    with raw_upstream(*said("A piano.")) as up:
        ini = f"gemulator_upstream = vertex={up.url}\n"
        run(tmp_path, {"one": ONE}, "--gemulator-record=missing", ini=ini).fnmatch_lines(["*1 passed*"])
        other = {"one": ONE.replace("riddle", "poem")}
        report = run(tmp_path, other, ini=ini)
        report.fnmatch_lines(["*one/1*expected equals 'A riddle.'*saw 'A poem.'*"])
        assert len(up.asked) == 1


def test_missing_adds_turns_and_keeps_what_a_hand_wrote(tmp_path: Path) -> None:
    file = tmp_path / "recordings" / "one.yaml"
    with raw_upstream(*said("A piano.")) as up:
        options = f"--gemulator-upstream=vertex={up.url}", "--gemulator-record=missing"
        run(tmp_path, {"one": ONE}, *options).fnmatch_lines(["*1 passed*"])
        file.write_text("# By hand.\n" + file.read_text())
        run(tmp_path, {"one": ONE.replace("riddle", "poem")}, *options).fnmatch_lines(["*1 passed*"])
        assert len(up.asked) == 2
    assert file.read_text().startswith("# By hand.\n")
    for word in ("riddle", "poem"):
        run(tmp_path, {"one": ONE.replace("riddle", word)}).fnmatch_lines(["*1 passed*"])


def test_turns_that_cannot_be_added_are_kept_beside(tmp_path: Path) -> None:
    file = tmp_path / "recordings" / "one.yaml"
    file.parent.mkdir()
    file.write_text("turns: [{ when: { user: hello }, reply: Hello. }]\n")
    with raw_upstream(*said("A piano.")) as up:
        options = f"--gemulator-upstream=vertex={up.url}", "--gemulator-record=missing"
        run(tmp_path, {"one": ONE}, *options).fnmatch_lines(["*could not be added*They are in *one.new.yaml*"])
    assert file.read_text() == "turns: [{ when: { user: hello }, reply: Hello. }]\n"
    assert "A piano." in file.with_name("one.new.yaml").read_text()


def test_all_asks_anew(tmp_path: Path) -> None:
    for answer in ("A piano.", "A river."):
        with raw_upstream(*said(answer)) as up:
            options = f"--gemulator-upstream=vertex={up.url}", "--gemulator-record=all"
            run(tmp_path, {"one": ONE}, "-s", *options).fnmatch_lines([f"*said {answer}*", "*1 passed*"])
            assert len(up.asked) == 1
    text = (tmp_path / "recordings" / "one.yaml").read_text()
    assert "A river." in text
    assert "A piano." not in text


@pytest.mark.parametrize("mode", ["missing", "all"])
def test_two_workers_share_a_file(tmp_path: Path, mode: str) -> None:
    with Emulator(scenarios="none", auth="open") as service:
        options = f"--gemulator-upstream=vertex={service.url}", f"--gemulator-record={mode}"
        run(tmp_path, {"shared": SHARED}, "-n", "2", *options).fnmatch_lines(["*6 passed*"])
        assert len(httpx.get(f"{service.url}/__emulator/journal").json()["entries"]) == 6
    assert [file.name for file in (tmp_path / "recordings").iterdir()] == ["shared.yaml"]
    run(tmp_path, {"shared": SHARED}, "-n", "2").fnmatch_lines(["*6 passed*"])


def test_without_an_upstream_or_with_a_wrong_mode_it_says_so(tmp_path: Path) -> None:
    report = run(tmp_path, {"one": ONE}, "--gemulator-record=missing")
    report.fnmatch_lines(["*--gemulator-record needs a server to ask: add --gemulator-upstream*"])
    report = run(tmp_path, {"one": ONE}, "--gemulator-record=missing", GEMULATOR_UPSTREAM="vertex")
    report.fnmatch_lines(["*ignored: GEMULATOR_UPSTREAM:*", "*needs a server to ask*"])
    report = run(tmp_path, {"one": ONE}, "--gemulator-record=some")
    report.fnmatch_lines(["*--gemulator-record: expected missing, all, none, not 'some'"])


def test_tests_without_a_recording_never_forward(tmp_path: Path) -> None:
    test = """
        @pytest.mark.gemulator(strict=False)
        def test_it(gemulator):
            with pytest.raises(BadRequestError):
                ask(gemulator, "A riddle.")
    """
    with raw_upstream(*said("A piano.")) as up:
        options = f"--gemulator-upstream=vertex={up.url}", "--gemulator-record=all"
        run(tmp_path, {"one": test}, *options).fnmatch_lines(["*1 passed*"])
        assert not up.asked
