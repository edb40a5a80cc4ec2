"""The pytest plugin in projects of its own: messages, options and import cost."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from _pytest.pytester import LineMatcher

import gemulator
from gemulator import Emulator
from gemulator.client.options import SessionOptions
from gemulator.client.pytest_plugin.options import PytestOptions
from tests.client.pytest_project import run

pytestmark = pytest.mark.slow

# What a test does, and the lines of its report.
FAILURES: dict[str, tuple[str, Sequence[str]]] = {
    "an unmatched request": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather", model="google/*").reply("It rains.")
            with pytest.raises(BadRequestError):
                ask(gemulator, "How is the weathr?")
        """,
        [
            "gemulator: 1 of 1 request matched no turn. Nearest turns first:",
            "  request *: google/m 'How is the weathr?'",
            "    stubs/1 (test_an_unmatched_request.py:11): user: expected '>>weather<<' in it,"
            " saw 'How is the >>weathr?<<' (first difference at character 6 of 7 expected, 17 of 18 seen)",
            'Stub them: gemulator.when(user="…").reply("…"), or @pytest.mark.gemulator(unmatched="generate").',
        ],
    ),
    "an unmatched request where nothing is stubbed": (
        """
        def test_it(gemulator):
            with pytest.raises(BadRequestError):
                ask(gemulator, "Hello?")
        """,
        ["    there are no turns: nothing was stubbed or loaded"],
    ),
    "an unmatched request that the test fell over": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather").reply("It rains.")
            ask(gemulator, "Hello?")
        """,
        [
            "*BadRequestError*",
            "*- Captured gemulator call -*",
            "    stubs/1 (test_an_unmatched_request_that_the_test_fell_over.py:11): user: expected 'weather' in it, *",
            "  no turn of the loaded scenarios matches this request; to go on: change the request or a `when` *",
        ],
    ),
    "an unmatched request before the test gave up": (
        """
        def test_it(gemulator):
            with pytest.raises(BadRequestError):
                ask(gemulator, "Hello?")
            pytest.fail("the reason")
        """,
        [
            "*Failed: the reason",
            "*- Captured gemulator call -*",
            "    there are no turns: nothing was stubbed or loaded",
        ],
    ),
    "times that are used up": (
        """
        def test_it(gemulator):
            gemulator.when(user="invoice").fail(429, times=1)
            for _ in range(2):
                with pytest.raises(Exception):
                    ask(gemulator, "invoice")
        """,
        [
            "gemulator: 1 of 2 requests matched no turn. Nearest turns first:",
            "    stubs/1 (test_times_that_are_used_up.py:11): answered 1 of 1 times",
        ],
    ),
    "a stub that answers nothing": (
        """
        def test_it(gemulator):
            gemulator.when(user="hello")
            ask(gemulator, "Hello?")
        """,
        [
            "*BadRequestError*",
            "*- Captured gemulator call -*",
            "    there are no turns: nothing was stubbed or loaded",
            "when(user='hello') at test_a_stub_that_answers_nothing.py:11 has no answer: add *",
        ],
    ),
    "times that are left": (
        """
        def test_it(gemulator):
            gemulator.when(user="invoice").fail(429, times=2)
            with pytest.raises(Exception, match="429"):
                ask(gemulator, "invoice")
        """,
        [
            "gemulator: turn stubs/1 answered 1 of 2 times",
            "  stub at test_times_that_are_left.py:11:",
            "      user: invoice",
            "    times: 2",
            "      error: 429",
            "Send as many requests as `times` says, or allow fewer: @pytest.mark.gemulator(strict=False).",
        ],
    ),
    "a call that did not come": (
        """
        def test_it(gemulator):
            gemulator.when().reply("Hi.")
            ask(gemulator, "Hello?")
            gemulator.assert_called(user="weather")
        """,
        [
            "*AssertionError: gemulator: expected at least 1 such request, found 0 among 1",
            "*  wanted:",
            "*    user: weather",
            "*    user: expected 'weather' in it, saw 'Hello?'",
        ],
    ),
    "a call that came too often": (
        """
        def test_it(gemulator):
            gemulator.when().reply("Hi.")
            ask(gemulator, "Hello?")
            ask(gemulator, "Hello?")
            gemulator.assert_called(1, user="hello")
        """,
        [
            "*AssertionError: gemulator: expected exactly 1 such request, found 2 among 2",
            "*  wanted:",
            "*    user: hello",
            "*  request *: google/m 'Hello?'",
            "*  request *: google/m 'Hello?'",
        ],
    ),
    "a stub that never answered": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather").reply("It rains.")
            gemulator.assert_all_used()
        """,
        [
            "*AssertionError: gemulator: turn stubs/1 has never answered",
            "*  stub at test_a_stub_that_never_answered.py:11:",
            "*      user: weather",
            "*    reply: It rains.",
        ],
    ),
    "a stub that never answered what came": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather", model="google/*").reply("It rains.")
            gemulator.when(user="news").reply("None.")
            gemulator.when(user="the news").reply("None.")
            ask(gemulator, "the news")
            gemulator.assert_all_used()
        """,
        [
            "*AssertionError: gemulator: turn stubs/1 has never answered",
            "*    user: expected 'weather' in it, saw 'the news'",
            "*turn stubs/3 has never answered",
            "*  stub at test_a_stub_that_never_answered_what_came.py:13:",
            "*    turn: expected stubs/3 (test_a_stub_that_never_answered_what_came.py:13), saw stubs/2 (*.py:12)",
        ],
    ),
    "times of which none was asked": (
        """
        def test_it(gemulator):
            gemulator.when(user="one").reply("x", times=2)
            gemulator.when(user="two").reply("x", times=2)
        """,
        [
            "gemulator: turn stubs/1 answered 0 of 2 times",
            "      user: one",
            "    reply: x",
            "turn stubs/2 answered 0 of 2 times",
            "  stub at test_times_of_which_none_was_asked.py:12:",
            "    when:",
            "      user: two",
            "    times: 2",
            "    reply: x",
        ],
    ),
    "times that the test itself looks at": (
        """
        def test_it(gemulator):
            gemulator.when(user="one").reply("x", times=2)
            gemulator.assert_all_used()
        """,
        ["*AssertionError: gemulator: turn stubs/1 has never answered"],
    ),
    "equal requests that fit nothing": (
        """
        def test_it(gemulator, tmp_path):
            (tmp_path / "file.yaml").write_text("turns: [{ when: { user: x }, times: 2, reply: From the file. }]")
            gemulator.load(tmp_path / "file.yaml")
            for _ in range(2):
                with pytest.raises(BadRequestError):
                    ask(gemulator, "Hello?")
        """,
        [
            "gemulator: 2 of 2 requests matched no turn. Nearest turns first:",
            "    file/1: user: expected 'x' in it, saw 'Hello?'",
            "    file/1: user: expected 'x' in it, saw 'Hello?'",
            "turn file/1 answered 0 of 2 times",
            "  turn:",
            "    reply: From the file.",
            "Stub them: *",
            "Send as many requests *",
        ],
    ),
    "a request that was refused": (
        """
        def test_it(gemulator):
            client = gemulator.openai(max_retries=0)
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello?"}])
        """,
        [
            "*BadRequestError*",
            "*- Captured gemulator call -*",
            "1 of 1 request was refused:",
            "  request *: gpt-4o 'Hello?'",
            "    400: Malformed publisher model (`model`: 'gpt-4o') *",
            "    `model` has no publisher; to go on: write publisher/model, like google/gemini-2.5-flash",
        ],
    ),
    "a request of another fixture when it ends": (
        """
        @pytest.fixture
        def app(gemulator):
            yield
            with pytest.raises(BadRequestError):
                ask(gemulator, "Bye.")

        def test_it(app):
            pass
        """,
        ["gemulator: 1 of 1 request matched no turn. *", "  request *: google/m 'Bye.'"],
    ),
    "a failed test of unittest": (
        """
        import unittest

        @pytest.mark.gemulator
        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _given(self, gemulator):
                self.gemulator = gemulator

            def test_it(self):
                ask(self.gemulator, "Hello?")
        """,
        ["*BadRequestError*", "*- Captured gemulator call -*", "  request *: google/m 'Hello?'"],
    ),
    "no request at all": (
        """
        def test_it(gemulator):
            gemulator.last
        """,
        ["*AssertionError: gemulator received no request in this session"],
    ),
    "an unknown condition": (
        """
        def test_it(gemulator):
            gemulator.when(usr="weather").reply("It rains.")
        """,
        ["*ScenarioError: stubs/1: when.usr: unknown key `usr`", "*Did you mean `user`?"],
    ),
    "a pace of nothing": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather").pace(first_token="1s")
        """,
        ["*ValueError: there is no reply to change yet: call .reply(…), .call(…) or .fail(…) first"],
    ),
    "an unknown condition of a check": (
        """
        def test_it(gemulator):
            gemulator.assert_called(usr="weather")
        """,
        ["*ScenarioError: assert_called: usr: unknown key `usr`", "*Did you mean `user`?"],
    ),
    "conditions that have no names": (
        """
        def test_it(gemulator):
            gemulator.when("weather").reply("It rains.")
        """,
        ["*TypeError: when() takes conditions by name, not 'weather': write when(user='weather')"],
    ),
    "a check of a text": (
        """
        def test_it(gemulator):
            gemulator.assert_called("weather")
        """,
        ["*TypeError: assert_called() takes conditions by name, not 'weather': write assert_called(user='weather')"],
    ),
    "a part by name": (
        """
        def test_it(gemulator):
            gemulator.when().reply("Look:", image="a cat")
        """,
        ["*TypeError: reply() takes `image` as a mapping, not by name: write .reply('Look:', {'image': 'a cat'})"],
    ),
    "a wait before the past": (
        """
        def test_it(gemulator):
            gemulator.when().fail(429, retry_after=-1)
        """,
        ["*ValueError: retry_after: -1 is not a duration: use seconds from 0 on, *"],
    ),
    "an event before the past": (
        """
        def test_it(gemulator):
            gemulator.when().reply({"events": [{"data": "[DONE]", "wait": -1}]}, fault={"stall": {"lasts": 2}})
        """,
        ["*ValueError: wait: -1 is not a duration: use seconds from 0 on, *"],
    ),
    "a pattern of another kind": (
        """
        import re

        def test_it(gemulator):
            gemulator.assert_called(user=[re.compile("rain", re.X)])
        """,
        ["*ValueError: user: RE2 has no flag re.VERBOSE: *"],
    ),
    "a pattern that RE2 has not": (
        """
        import re

        def test_it(gemulator):
            gemulator.when(user=re.compile("rain(?=bow)")).reply("It rains.")
        """,
        ["*ScenarioError: stubs/1: when.user.matches: *is look-ahead, which RE2 does not support"],
    ),
    "a public name that is misspelt": (
        """
        def test_it(gemulator):
            import gemulator
            gemulator.Sesion
        """,
        ["*AttributeError: module 'gemulator' has no attribute 'Sesion'. Did you mean 'Session'?"],
    ),
    "a value that JSON has not": (
        """
        def test_it(gemulator):
            gemulator.when(user="weather").reply({"json": {"v": {1, 2}}})
        """,
        ["*ValueError: reply.json.v: a value of type set cannot be JSON: *"],
    ),
    "a file that is wrong": (
        """
        def test_it(gemulator):
            gemulator.load("wrong.yaml")
        """,
        ["*ScenarioError: *wrong.yaml:1:8: turns: *"],
    ),
    "an unknown option of the marker": (
        """
        @pytest.mark.gemulator(sed=7)
        def test_it():
            pass
        """,
        [
            "the marker gemulator does not take sed: did you mean seed?",
        ],
    ),
    "a clock that is none": (
        """
        @pytest.mark.gemulator(clock="noon")
        def test_it():
            pass
        """,
        ["the marker gemulator: clock: 'noon' is not a time: write `real` or an ISO 8601 time*"],
    ),
    "a choice that is none": (
        """
        @pytest.mark.gemulator(unmatched="invent")
        def test_it():
            pass
        """,
        ["the marker gemulator: unmatched: Input should be 'generate' or 'error', not 'invent'"],
    ),
    "a yes that is a text": (
        """
        @pytest.mark.gemulator(strict="false")
        def test_it():
            pass
        """,
        ["the marker gemulator: strict: expected True or False, not 'false'"],
    ),
    "a seed that is a list": (
        """
        @pytest.mark.gemulator(seed=[7])
        def test_it():
            pass
        """,
        ["the marker gemulator: seed: Input should be a valid string, not [[]7]"],
    ),
    "scenarios that are no files": (
        """
        @pytest.mark.gemulator(scenario=["right.yaml", 7])
        def test_it():
            pass
        """,
        ["the marker gemulator: scenario: expected a file or a list of files, not *"],
    ),
    "a scenario that is not there": (
        """
        @pytest.mark.gemulator(scenario="missing.yaml")
        def test_it():
            pass
        """,
        ["gemulator: no file missing.yaml in *"],
    ),
    "a scenario that is wrong": (
        """
        @pytest.mark.gemulator(scenario="wrong.yaml")
        def test_it():
            pass
        """,
        ["gemulator:", "*wrong.yaml:1:8: turns: *"],
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[str]]:
    """Return the reports of the failures by name."""
    tests = {name: text.replace("test_it", f"test_{name.replace(' ', '_')}") for name, (text, _) in FAILURES.items()}
    found: dict[str, list[str]] = {}
    name = ""
    for line in run(tmp_path_factory.mktemp("failures"), tests).str().splitlines():
        title = re.fullmatch(r"_+ (?:ERROR at (?:setup|teardown) of )?(?:TestIt\.)?test_(\w+) _+", line)
        name = title[1] if title else "" if line.startswith("=====") else name
        found.setdefault(name.replace("_", " "), []).append(line)
    return found


@pytest.mark.parametrize(("name", "report"), [(name, report) for name, (_, report) in FAILURES.items()])
def test_a_failure_says(reports: Mapping[str, Sequence[str]], name: str, report: Sequence[str]) -> None:
    LineMatcher([*reports[name]]).fnmatch_lines([*report])


@pytest.mark.parametrize("name", [name for name, (text, _) in FAILURES.items() if "gemulator." in text])
def test_a_failure_shows_no_frames_of_ours(reports: Mapping[str, Sequence[str]], name: str) -> None:
    frame = re.compile(r"\S*(?:emulator|site-packages)/gemulator/\S+\.py:\d+")
    assert [line for line in reports[name] if frame.match(line)] == []


def test_a_turn_that_never_answered_is_reported_once(reports: Mapping[str, Sequence[str]]) -> None:
    said = "\n".join(reports["times that the test itself looks at"])
    assert said.count("turn stubs/1 ") == said.count("stub at ") == 1


LATE = """
        from openai import OpenAI

        @pytest.fixture(scope="module")
        def client(request):
            with OpenAI(max_retries=0) as made:
                yield made

        def hear(client, text):
            message = {"role": "user", "content": text}
            return client.chat.completions.create(model="google/m", messages=[message]).choices[0].message.content

        pytestmark = pytest.mark.gemulator(env=True)

        def test_one(client, gemulator):
            gemulator.when().reply("One.")
            assert hear(client, "Hello?") == "One."

        def test_two(client, gemulator):
            gemulator.when().reply("Two.")
            with pytest.raises(BadRequestError, match="400"):
                hear(client, "Who is it?")

        def test_three(client, gemulator):
            hear(client, "Still there?")

        def test_four(gemulator):
            gemulator.when().reply("Four.")
            assert ask(gemulator, "Hello?") == "Four."
        """


def test_a_client_that_outlives_its_test_is_named(tmp_path: Path) -> None:
    report = run(tmp_path, {"late": LATE})
    report.fnmatch_lines(
        [
            "_* test_two _*",
            "gemulator: A client of an earlier test sent a request:",
            "  request *: google/m 'Who is it[?]'",
            "    its client was created in test_late.py::test_one",
            "Create a client per test, or clear the cache that holds it.",
            "_* test_three _*",
            "*BadRequestError*",
            "*- Captured gemulator call -*",
            "A client of an earlier test sent a request:",
            "  request *: google/m 'Still there[?]'",
            "*= 2 failed, 2 passed in *",
        ]
    )


def test_kept_client_is_refused_in_a_test_without_a_client(tmp_path: Path) -> None:
    tests = """
        import httpx

        KEPT = []

        def test_one(gemulator):
            gemulator.when().reply("One.")
            assert ask(gemulator, "Hello?") == "One."
            KEPT.append((gemulator.base_url, gemulator.token))

        def test_two(gemulator):
            url, token = KEPT[-1]
            body = {"model": "google/m", "messages": [{"role": "user", "content": "Who is it?"}]}
            answer = httpx.post(f"{url}/chat/completions", json=body, headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 400
            assert "the session of a finished test" in answer.text
        """
    report = run(tmp_path, {"kept": tests})
    report.fnmatch_lines(["_* test_two _*", "gemulator: A client of an earlier test sent a request:"])


def test_a_client_that_outlives_its_test_is_named_for_a_server_elsewhere(tmp_path: Path) -> None:
    with Emulator() as server:
        tests = LATE.replace("""hear(client, "Still there?")""", "pass")
        report = run(tmp_path, {"late": tests}, "--gemulator-url", server.url)
        left = server.admin.sessions()
    report.fnmatch_lines(
        [
            "_* ERROR at teardown of test_four _*",
            "gemulator: A client of an earlier test sent a request:",
            "  request *: google/m 'Who is it[?]'",
            "    its client was created in test_late.py::test_one",
            "Create a client per test, or clear the cache that holds it.",
            "*= 4 passed, 1 error in *",
        ]
    )
    assert left == []


def test_a_server_elsewhere_does_as_the_project_says(tmp_path: Path) -> None:
    tests = """
        @pytest.fixture(scope="module")
        def shared(gemulator_server):
            return gemulator_server.session()

        def test_it(shared, gemulator):
            for session in shared, gemulator:
                assert ask(session, "hello") == "From the file."
                assert session.last.entry["time"] == "2030-01-01T00:00:00.000+00:00"
                with pytest.raises(BadRequestError):
                    ask(session, "Who are you?")
            gemulator.reset()

        def test_what_is_everyones_need_not_be_asked(gemulator):
            gemulator.when(user="own").reply("Own.", times=1)
            assert ask(gemulator, "own") == "Own."

        @pytest.mark.gemulator(unmatched="generate")
        def test_but_not_in_part(gemulator):
            ask(gemulator, "twice")
        """
    tmp_path.joinpath("shared").mkdir()
    tmp_path.joinpath("shared", "twice.yaml").write_text("turns: [{ when: { user: twice }, times: 2, reply: Once. }]")
    ini = "gemulator_scenarios = right.yaml shared\ngemulator_clock = 2030-01-01T00:00:00Z"
    with Emulator() as server:
        report = run(tmp_path, {"one": tests}, "--gemulator-url", server.base_url, ini=ini)
    report.fnmatch_lines(["*turn twice/1 answered 1 of 2 times", "*= 1 failed, 2 passed in *"])


def test_a_server_that_has_stopped_is_reported(tmp_path: Path) -> None:
    tests = """
        def test_failed(gemulator, gemulator_server):
            gemulator.token
            gemulator_server.stop()
            raise KeyError("the reason")

        def test_passed(gemulator):
            pass
        """
    run(tmp_path, {"one": tests}).fnmatch_lines(
        [
            "_* test_failed _*",
            "*KeyError: 'the reason'",
            "*- Captured gemulator call -*",
            "cannot reach gemulator at http://127.0.0.1:*",
            "_* test_passed _*",
            "cannot reach gemulator at http://127.0.0.1:*",
            "*= 2 failed* in *",
        ]
    )


def test_a_server_that_is_no_emulator(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
        thread = Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        report = run(tmp_path, {"one": "def test_it(gemulator): pass"}, "--gemulator-url", f"{url}/v1")
        other.shutdown()
        thread.join()
    report.fnmatch_lines(
        [
            f"the server at {url} is not gemulator: it answered with status 404",
            "Pass the URL of gemulator with --gemulator-url, gemulator_url or GEMULATOR_URL.",
        ]
    )


def test_what_passes(tmp_path: Path) -> None:
    tests = """
        import os
        import re
        from datetime import UTC, datetime, timedelta

        @pytest.mark.gemulator(strict=False)
        def test_a_lenient_one(gemulator):
            gemulator.when(user="invoice").fail(429, times=2)
            with pytest.raises(BadRequestError):
                ask(gemulator, "Hello?")

        @pytest.mark.gemulator(unmatched="generate")
        def test_an_inventive_one(gemulator):
            assert ask(gemulator, "Hello?")

        @pytest.mark.gemulator(scenario="right.yaml", env=True)
        def test_one_without_an_argument():
            from openai import OpenAI
            message = {"role": "user", "content": "hello"}
            with OpenAI() as client:
                answer = client.chat.completions.create(model="google/m", messages=[message])
            assert answer.choices[0].message.content == "From the file."

        @pytest.fixture
        def app(gemulator):
            return os.environ["OPENAI_BASE_URL"]

        @pytest.mark.gemulator(env=True)
        def test_the_environment_is_set_before_other_fixtures(app, gemulator):
            assert app == gemulator.base_url

        def test_and_is_back_afterwards():
            assert "emulator" not in os.environ.get("OPENAI_API_KEY", "")

        def test_a_client_that_does_not_wait(gemulator):
            gemulator.when(user="invoice").fail(429, retry_after="1h").reply("It is on its way.")
            with pytest.raises(RateLimitError):
                ask(gemulator, "invoice")
            assert ask(gemulator, "invoice") == "It is on its way."
            assert [finding["kind"] for finding in gemulator.verdict()] == ["ignored retry-after"]

        def test_durations_parts_and_patterns(gemulator):
            busy = gemulator.when(user=re.compile("^INVOICE", re.I))
            busy.fail(429, times=2, retry_after=timedelta(milliseconds=10))
            busy.reply(["It is", " on its way."]).pace(first_token=0.01).fault("slow_headers", lasts=0.001)
            with pytest.raises(RateLimitError) as error:
                ask(gemulator, "invoice")
            headers = error.value.response.headers
            assert (headers["retry-after"], headers["retry-after-ms"]) == ("0.01", "10")
            assert ask(gemulator, "invoice", retries=1) == "It is on its way."
            gemulator.assert_called(3, user=re.compile("^INVOICE", re.I))
            gemulator.assert_called(0, user=re.compile("^INVOICE"))

        @pytest.mark.gemulator(fault={"slow_headers": {"lasts": 0.001}}, pacing={"first_token": timedelta(0)})
        def test_durations_of_the_marker(gemulator):
            gemulator.when().reply("Hello!")
            assert ask(gemulator, "Hello?") == "Hello!"

        @pytest.mark.gemulator(seed="1", unmatched="generate")
        class TestMarkers:
            @pytest.mark.gemulator(seed="2")
            def test_the_nearest_marker_counts(self, gemulator):
                assert gemulator.seed == "2"
                assert ask(gemulator, "Hello?")

            @pytest.mark.gemulator(scenario=None, seed=7, clock=datetime(2030, 1, 1, tzinfo=UTC), env=None)
            def test_values_of_python(self, gemulator):
                assert ask(gemulator, "Hello?")
                assert gemulator.seed == "7"
                assert gemulator.last.entry["time"] == "2030-01-01T00:00:00.000+00:00"
        """
    run(tmp_path, {"all": tests}, "-W", "error").fnmatch_lines(["*= 10 passed in *"])


def test_the_options_of_a_project(tmp_path: Path) -> None:
    tests = """
        def test_it(gemulator):
            assert ask(gemulator, "hello") == "From the file."
            assert ask(gemulator, "Who are you?")
            assert gemulator.seed == "9"
            assert gemulator.clock == "2030-01-01T00:00:00Z"
            gemulator.when(user="never").fail(times=3)
        """
    ini = """
gemulator_scenarios = right.yaml
gemulator_unmatched = generate
gemulator_seed = 9
gemulator_clock = 2030-01-01T00:00:00Z
gemulator_strict = no
"""
    run(tmp_path, {"one": tests}, ini=ini).fnmatch_lines(["*= 1 passed in *"])


def test_an_option_of_the_project_that_is_wrong(tmp_path: Path) -> None:
    report = run(tmp_path, {"one": "def test_it(gemulator): pass"}, ini="gemulator_unmatched = invent")
    report.fnmatch_lines(["gemulator_unmatched: Input should be 'generate' or 'error', not 'invent'"])


SETTINGS = """
import pytest

@pytest.fixture(scope="session")
def gemulator_settings():
    return {settings}
"""


def run_with_settings(folder: Path, settings: str, tests: str, *options: str, ini: str = "") -> LineMatcher:
    """Return the report of a project whose conftest.py overrides `gemulator_settings`."""
    folder.joinpath("conftest.py").write_text(SETTINGS.replace("{settings}", settings))
    return run(folder, {"one": tests}, *options, ini=ini)


def test_settings_of_the_server(tmp_path: Path) -> None:
    tests = """
        from openai import NotFoundError

        def test_it(gemulator, gemulator_server):
            assert gemulator_server.settings.project == "mine"
            gemulator.when(user="hello").reply("Hello.")
            with pytest.raises(NotFoundError):
                ask(gemulator, "hello")
            assert gemulator.clock == "2030-01-01T00:00:00Z"
        """
    settings, ini = '{"models": "catalog", "project": "mine"}', "gemulator_clock = 2030-01-01T00:00:00Z"
    run_with_settings(tmp_path, settings, tests, ini=ini).fnmatch_lines(["*= 1 passed in *"])


SESSION_SETTINGS = '{"seed": 7, "unmatched": "generate", "scenarios": "right.yaml"}'
SESSION_TESTS = """
        def test_it(gemulator, gemulator_server):
            assert gemulator.seed == "7"
            for session in gemulator, gemulator_server.session():
                assert ask(session, "hello") == "From the file."
                assert ask(session, "Who are you?")

        @pytest.mark.gemulator(seed=8, unmatched="error")
        def test_a_marker_overrides_them(gemulator):
            assert gemulator.seed == "8"
            with pytest.raises(BadRequestError):
                ask(gemulator, "Who are you?")
            gemulator.reset()
        """


def test_settings_of_sessions_override_the_ini_file(tmp_path: Path) -> None:
    report = run_with_settings(tmp_path, SESSION_SETTINGS, SESSION_TESTS, ini="gemulator_seed = 1")
    report.fnmatch_lines(["*= 2 passed in *"])


def test_settings_of_sessions_apply_to_a_server_elsewhere(tmp_path: Path) -> None:
    with Emulator(unmatched="error") as server:
        report = run_with_settings(tmp_path, SESSION_SETTINGS, SESSION_TESTS, "--gemulator-url", server.url)
    report.fnmatch_lines(["*= 2 passed in *"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            '{"unmatchd": "error"}',
            "gemulator_settings: unmatchd: unknown setting: did you mean *",
        ),
        ('{"seed": [7]}', "gemulator_settings: seed: Input should be a valid string, not [[]7]"),
        ('{"journal_entries": 0}', "gemulator_settings: journal_entries: Input should be greater *"),
        ("None", "gemulator_settings: expected a dict of settings, not None. Return one from the fixture."),
        ('{"scenarios": "wrong.yaml"}', "gemulator_settings:"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, settings: str, message: str) -> None:
    report = run_with_settings(tmp_path, settings, "def test_it(gemulator): pass")
    report.fnmatch_lines([message])
    report.no_fnmatch_line("*.py:[0-9]*")


def test_an_option_of_a_session_is_one_of_the_plugin() -> None:
    options = {one.name for one in fields(PytestOptions)}
    assert SessionOptions.__annotations__.keys() <= options
    assert all(one.metadata["help"] for one in fields(PytestOptions))


def test_the_marker_and_the_ini_options_are_listed(tmp_path: Path) -> None:
    listed = run(tmp_path, {}, "--markers").str()
    assert (
        "@pytest.mark.gemulator(scenario=, record=, unmatched=, strictness=, signatures=, seed=, clock=, wire=,"
        " tool_index=, fragment=, calls_per_delta=, stream_usage=, tool_calls=, speed=, fault=,"
        " pacing=, quota=, error=, strict=, env=): scenario: " in listed
    )
    listed = run(tmp_path, {}, "--help").str()
    for name in ("gemulator_scenarios", "gemulator_unmatched (string)", "gemulator_strict (bool)"):
        assert name in listed
    assert "gemulator_scenario " not in listed


def test_sessions_of_a_wider_scope_are_as_the_project_says(tmp_path: Path) -> None:
    tests = """
        @pytest.fixture(scope="module")
        def shared(gemulator_server):
            session = gemulator_server.session()
            session.when(user="hello").reply("Hello.")
            yield session
            session.close()

        def test_it(shared):
            assert ask(shared, "hello") == "Hello."
            assert shared.last.entry["time"] == "2030-01-01T00:00:00.000+00:00"
            with pytest.raises(BadRequestError):
                ask(shared, "Who are you?")
        """
    run(tmp_path, {"one": tests}, ini="gemulator_clock = 2030-01-01T00:00:00Z").fnmatch_lines(["*= 1 passed in *"])


def test_async_tests_of_anyio(tmp_path: Path) -> None:
    tests = """
        import anyio

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        async def client(gemulator):
            async with gemulator.async_openai() as made:
                yield made

        @pytest.mark.parametrize("number", range(3))
        async def test_it(gemulator, client, number):
            gemulator.when(user="one").reply("One.")
            gemulator.when(user="two").reply("Two.")
            said = []

            async def ask_for(text):
                message = {"role": "user", "content": text}
                answer = await client.chat.completions.create(model="google/m", messages=[message])
                said.append(answer.choices[0].message.content)

            async with anyio.create_task_group() as group:
                group.start_soon(ask_for, "one")
                group.start_soon(ask_for, "two")
            assert sorted(said) == ["One.", "Two."]
            assert len(gemulator.requests) == 2

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    run(tmp_path, {"one": tests}, "-p", "no:asyncio").fnmatch_lines(["*= 3 passed*"])


def test_a_file_is_loaded_from_beside_the_test_or_from_where_the_process_is(tmp_path: Path) -> None:
    tests = """
        def test_it(gemulator, tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            gemulator.load("right.yaml")
            assert ask(gemulator, "hello") == "From the file."
            other = gemulator.session()
            other.load("right.yaml")
            assert ask(other, "hello") == "From the file."
            (tmp_path / "here.yaml").write_text("turns: [{ when: { user: hello }, reply: From here. }]")
            gemulator.load("here.yaml")
            assert ask(gemulator, "hello") == "From here."
        """
    run(tmp_path, {"one": tests}, "-W", "error").fnmatch_lines(["*= 1 passed in *"])


def test_a_broken_scenario_of_the_project(tmp_path: Path) -> None:
    report = run(tmp_path, {"one": "def test_it(gemulator): pass"}, ini="gemulator_scenarios = wrong.yaml")
    report.fnmatch_lines(["gemulator_scenarios:", "*wrong.yaml:1:8: turns: *"])


def test_an_emulator_that_is_not_there(tmp_path: Path) -> None:
    report = run(tmp_path, {"one": "def test_it(gemulator): pass"}, "--gemulator-url", "http://127.0.0.1:9")
    report.fnmatch_lines(["cannot reach gemulator at http://127.0.0.1:9: *", "Start it with `gemulator serve`."])
    report.no_fnmatch_line("*.py:[0-9]*")


def test_whoever_does_not_use_it_pays_nothing() -> None:
    heavy = {
        "httpx",
        "pydantic",
        "starlette",
        "uvicorn",
        "openai",
        "faker",
        "yaml",
        "orjson",
        "gemulator.core.settings",
    }
    code = f"import sys, pytest, gemulator.client.pytest_plugin.plugin; print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_modules_of_a_project_do_not_hide_those_of_gemulator(tmp_path: Path) -> None:
    package = Path(gemulator.__file__).parent
    names = {"emulator", "tests"} | {file.stem for file in package.rglob("*.py")}
    names |= {folder.name for folder in package.rglob("*") if folder.is_dir()}
    for name in names - sys.stdlib_module_names - {"__init__", "__main__", "__pycache__"}:
        tmp_path.joinpath(f"{name}.py").write_text("raise RuntimeError(f'{__name__} of the project was imported')")
    lines = run(
        tmp_path,
        {
            "it": """
            def test_it(gemulator):
                gemulator.when(user="weather").reply("It rains.")
                assert ask(gemulator, "weather") == "It rains."
            """
        },
    )
    lines.fnmatch_lines(["*1 passed*"])
