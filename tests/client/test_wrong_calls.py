"""Wrong calls are answered with the call as it should be."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gemulator import Emulator

Wrong = Callable[[Any], object]  # untyped: type checkers refuse these calls
WRONG: dict[str, tuple[Wrong, str]] = {
    "a text as condition": (lambda s: s.when("rain"), "write when(user='rain')"),
    "a pattern as condition": (lambda s: s.when(re.compile("rain")), "write when(user=re.compile('rain'))"),
    "a mapping as condition": (lambda s: s.when({"n": 2}), "write when(**{'n': 2})"),
    "a number as condition": (lambda s: s.when(7), 'write when(user="…")'),
    "a long text": (lambda s: s.when("rain" * 99), "…)"),
    "a text as count": (lambda s: s.assert_called("rain"), "write assert_called(user='rain')"),
    "no reply": (lambda s: s.when().reply(), 'write .reply("Hello!")'),
    "no reply but times": (lambda s: s.when().reply(times=2), 'write .reply("Hello!")'),
    "None as reply": (lambda s: s.when().reply(None), 'write .reply("") for an empty text'),
    "a number as reply": (lambda s: s.when().reply(5), 'write .reply("5") for a text, .reply({"json": 5}) for JSON'),
    "bytes as reply": (lambda s: s.when().reply(b"Hi."), "write .reply('Hi.')"),
    "a list in a list": (lambda s: s.when().reply(["a", ["b"]]), "without a list inside"),
    "a text by name": (lambda s: s.when().reply(text="Hi."), "write .reply('Hi.')"),
    "a picture by name": (lambda s: s.when().reply(times=2, image="a cat"), "write .reply({'image': 'a cat'})"),
    "a picture beside a text": (lambda s: s.when().reply("Hi.", image="cat"), "write .reply('Hi.', {'image': 'cat'})"),
    "a function as tool": (lambda s: s.when().call(len), "write .call('len')"),
    "a text as arguments": (lambda s: s.when().call("f", "x"), "write .call('f', city=\"Paris\")"),
    "a class as error": (lambda s: s.when().fail(ValueError), "write .fail(429)"),
    "a text as times": (lambda s: s.when().reply("x").times("2"), "write .times(2)"),
    "a text as pace": (lambda s: s.when().reply("x").pace("1s"), "write .pace(first_token='1s')"),
    "a number as fault": (lambda s: s.when().reply("x").fault(3), 'write .fault("disconnect", after_chunks=2)'),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as started:
        yield started


@pytest.mark.parametrize(("call", "remedy"), WRONG.values(), ids=list(WRONG))
def test_wrong_call_says_what_to_write(emulator: Emulator, call: Wrong, remedy: str) -> None:
    session = emulator.session()
    with pytest.raises(TypeError) as error:
        call(session)
    assert remedy in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("folder", ["scenarios", Path("scenarios")])
def test_folder_without_a_name_is_refused(folder: str | Path) -> None:
    with pytest.raises(TypeError, match=r"write Emulator\(scenarios='scenarios'\)"):
        Emulator(folder)  # type: ignore[arg-type]


def test_emulator_hands_its_calls_to_the_session(emulator: Emulator) -> None:
    with pytest.raises(TypeError, match=r"write when\(user='rain'\)"):
        emulator.when("rain")  # type: ignore[arg-type]
