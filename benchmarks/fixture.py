"""What one more test with one SDK call costs, in CPU time, beside peers that are installed.

    python -m benchmarks.fixture [ROUNDS]

Each peer runs a file of few and a file of many tests; the difference, by the number of tests, is the cost of one. Each
test asks something else, and is answered something else where that is said in Python, not in a file.
Peers take turns, round by round, and are compared within a round. A full pass of the garbage collector comes once or
not at all in so many tests, by chance: what there is after the first test is put aside. Two tables: each test makes a
client, most of which is reading certificates; and all tests use one. What only gemulator hands out stands in the first.
pip install llmock "stubllm[pytest]" openai-responses respx   (those that are not there are left out)
"""

import importlib.util
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

FEW, ROUNDS = 5, 7
MANY = {True: 205, False: 1005}  # by whether a test makes a client: without one it is so short that the start drowns it

HEAD = '''
import json, openai, pytest

BODY = """{"id": "x", "object": "chat.completion", "created": 1, "model": "google/m", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "TEXT"}}]}"""

def body(text):
    return json.loads(BODY.replace("TEXT", text))

def said(client, number, text):
    answer = client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": f"hi {number}"}])
    assert answer.choices[0].message.content == text
'''
# How a test comes to its client.
WAYS = {
    "a client that each test makes": """
        def using(**options):
            return openai.OpenAI(**options)
    """,
    "one client for all tests": """
        shared = openai.OpenAI(base_url="http://x", api_key="x")

        class using:
            def __init__(self, **options):
                self.options = options
            def __enter__(self):
                return shared.with_options(**self.options)
            def __exit__(self, *_):
                pass
    """,
}
STUBS = """
fixtures:
  - name: hi
    match: { provider: openai }
    response: { content: "Hello!" }
"""
CONFTEST = """
import gc

def pytest_runtest_teardown(item, nextitem, aside=[]):
    if not aside:
        gc.collect()
        gc.freeze()
        aside.append(item)
"""
OURS = "gemulator (server)"
# By name: the module that must be there, and one test.
PEERS = {
    OURS: (
        "emulator",
        """
        def test_it(gemulator, number):
            gemulator.when(user=f"hi {number}").reply(f"Hello {number}!")
            with using(base_url=gemulator.base_url, api_key=gemulator.token) as client:
                said(client, number, f"Hello {number}!")
        """,
    ),
    "llmock (server)": (
        "llmock",
        """
        def test_it(llmock, number):
            llmock.reply(f"Hello {number}!")
            with using(base_url=llmock.base_url(), api_key="x") as client:
                said(client, number, f"Hello {number}!")
        """,
    ),
    "stubllm (server)": (
        "stubllm",
        """
        from stubllm.pytest_plugin import use_fixtures

        @use_fixtures("stubs.yaml")
        def test_it(stubllm_server, number):
            with using(base_url=stubllm_server.openai_url, api_key="x") as client:
                said(client, number, "Hello!")
        """,
    ),
    "openai-responses (no server)": (
        "openai_responses",
        """
        import openai_responses

        @openai_responses.mock()
        def test_it(openai_mock, number):
            openai_mock.chat.completions.create.response = body(f"Hello {number}!")
            with using(base_url="https://api.openai.com/v1", api_key="x") as client:
                said(client, number, f"Hello {number}!")
        """,
    ),
    "respx (no server)": (
        "respx",
        """
        def test_it(respx_mock, number):
            respx_mock.post("http://x/chat/completions").respond(json=body(f"Hello {number}!"))
            with using(base_url="http://x", api_key="x") as client:
                said(client, number, f"Hello {number}!")
        """,
    ),
}
HANDED_OUT = """
    def test_it(gemulator, number):
        gemulator.when(user=f"hi {number}").reply(f"Hello {number}!")
        said(gemulator.openai(), number, f"Hello {number}!")
"""


def seconds(folder: Path, tests: str, count: int) -> float:
    """The CPU time of a run of so many tests, from the first process to the last."""
    tail = f"\ntest_it = pytest.mark.parametrize('number', range({count}))(test_it)\n"
    (folder / "test_it.py").write_text(HEAD + tests + tail)
    (folder / "stubs.yaml").write_text(STUBS)
    (folder / "conftest.py").write_text(CONFTEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout[-600:])
    return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime


def marginal(folder: Path, tests: str, many: int) -> float:
    """Milliseconds of one more test."""
    return (seconds(folder, tests, many) - seconds(folder, tests, FEW)) / (many - FEW) * 1_000


def table(way: str, tests: Mapping[str, str], many: int, folder: Path, rounds: int) -> Iterator[str]:
    """A line for each peer: the median of its rounds, and of its share of ours in the same round."""
    costs: dict[str, list[float]] = {peer: [] for peer in tests}
    for turn in range(rounds):
        for peer in list(tests)[:: 1 if turn % 2 else -1]:
            costs[peer].append(marginal(folder, tests[peer], many))
    yield f"{way}:"
    for peer, each in costs.items():
        share = statistics.median(one / ours for one, ours in zip(each, costs[OURS], strict=True))
        spread = f"({min(each):.1f} to {max(each):.1f})"
        yield f"  {peer:32} {statistics.median(each):6.2f} ms a test {spread:18} {share:5.2f} of gemulator's"


def main(rounds: int) -> None:
    there = {peer: test for peer, (module, test) in PEERS.items() if importlib.util.find_spec(module)}
    with tempfile.TemporaryDirectory() as name:
        for number, (way, client) in enumerate(WAYS.items()):
            more = {} if number else {"gemulator.openai()": HANDED_OUT}
            tests = {peer: dedent(client) + dedent(test) for peer, test in {**there, **more}.items()}
            for line in table(way, tests, MANY[number == 0], Path(name), rounds):
                print(line, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
