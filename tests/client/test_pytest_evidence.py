"""Evidence in projects that use the fixture: what fails, and what its report shows."""

from pathlib import Path

import pytest

from tests.client.pytest_project import run

pytestmark = pytest.mark.slow


def test_outage_for_a_time_needs_no_real_clock(tmp_path: Path) -> None:
    tests = """
    import openai

    @pytest.mark.parametrize("order", [{"lasts": "1h"}, {"lasts": 3600, "requests": 2}])
    def test_it(gemulator, order):
        gemulator.when(user="hi").reply("Hello!")
        gemulator.chaos(error=503, **order)
        with pytest.raises(openai.InternalServerError):
            ask(gemulator, "hi")
        gemulator.chaos()
        assert ask(gemulator, "hi") == "Hello!"
    """
    run(tmp_path, {"outage": tests}).fnmatch_lines(["*2 passed*"])


def test_call_of_another_session_cannot_be_denied(tmp_path: Path) -> None:
    tests = """
    def test_it(gemulator):
        gemulator.session("checkou").assert_called(0, user="hunter2")
    """
    run(tmp_path, {"typo": tests}).fnmatch_lines(["*there is no session 'checkou'*"])


def test_stub_without_a_reply_is_not_used(tmp_path: Path) -> None:
    tests = """
    def test_it(gemulator):
        gemulator.when(user="hi")
        gemulator.assert_all_used()
    """
    run(tmp_path, {"reply": tests}).fnmatch_lines(["*when(user='hi') at *has no answer: add .reply(*"])


def test_request_without_the_key_of_the_test_is_shown(tmp_path: Path) -> None:
    tests = """
    import openai

    def test_it(gemulator):
        gemulator.when(user="hi").reply("Hello!")
        client = openai.OpenAI(base_url=gemulator.base_url, api_key="wrong", max_retries=0)
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "hi there"}])
        gemulator.assert_called(1, user="hi")
    """
    report = run(tmp_path, {"stray": tests})
    report.fnmatch_lines(
        ["*expected exactly 1 such request, found 0 among 0*", "no request in this test's session, but*"]
    )
    report.fnmatch_lines(["  request *: google/m 'hi there'", "  Use gemulator.openai(), or give the client *"])


def test_bounds_that_no_number_meets_are_told_in_words_of_the_call(tmp_path: Path) -> None:
    tests = """
    @pytest.mark.parametrize("bounds", [{"at_least": 3, "at_most": 2}, {"times": -1}, {"times": 1, "at_least": 2}])
    def test_it(gemulator, bounds):
        with pytest.raises(ValueError, match="^assert_called: ") as refused:
            gemulator.assert_called(**bounds)
        assert "openapi" not in str(refused.value)
    """
    run(tmp_path, {"bounds": tests}).fnmatch_lines(["*3 passed*"])
