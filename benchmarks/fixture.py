"""What one more test with one SDK call costs, in CPU time, beside peers that are installed.

    python -m benchmarks.fixture [TESTS]

All peers are in one run of pytest and take turns, test by test, to and fro: each sees the machine as the others do.
What is measured is the CPU time of the process, servers' threads included, from a test's setup to the end of its
teardown; garbage is collected in the test that made it. Each test asks something else, and is answered something else
where that is said in Python, not in a file. Two tables: each test makes a client, most of which is reading
certificates; and all tests use one. What only gemulator hands out stands in the first.
pip install llmock "stubllm[pytest]" openai-responses respx   (those that are not there are left out)
"""

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

TESTS = 400

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
import collections, gc, json, time
import pytest

COSTS = collections.defaultdict(list)

def turn(item):
    number, peer = item.callspec.params["number"], int(item.name.partition("[")[0].rpartition("_")[2])
    return number, peer if number % 2 else -peer

def pytest_collection_modifyitems(items):
    items.sort(key=turn)

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    begun = time.process_time()
    done = yield
    gc.collect(0)
    if item.callspec.params["number"] >= FIRST:
        COSTS[item.name.partition("[")[0]].append(time.process_time() - begun)
    elif item.callspec.params["number"] == FIRST - 1:
        gc.collect()
        gc.freeze()
        gc.disable()
    return done

def pytest_sessionfinish(session):
    with open("costs.json", "w") as file:
        json.dump(COSTS, file)
"""
FIRST = 20  # tests of each peer that only warm up
OURS = "gemulator (server)"
# By name: the module that must be there, and one test.
PEERS = {
    OURS: (
        "gemulator",
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


def costs(folder: Path, way: str, tests: Mapping[str, str], count: int) -> dict[str, list[float]]:
    """Milliseconds of CPU of each test, by peer."""
    file = HEAD + dedent(way)
    for number, test in enumerate(tests.values()):
        name = f"test_{number}"
        file += dedent(test).replace("test_it", name)
        file += f"\n{name} = pytest.mark.parametrize('number', range({FIRST + count}))({name})\n"
    (folder / "test_it.py").write_text(file)
    (folder / "stubs.yaml").write_text(STUBS)
    (folder / "conftest.py").write_text(CONFTEST.replace("FIRST", str(FIRST)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_it.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-600:])
    measured = json.loads((folder / "costs.json").read_text())
    return {peer: [cost * 1_000 for cost in measured[f"test_{number}"]] for number, peer in enumerate(tests)}


def table(way: str, client: str, tests: Mapping[str, str], folder: Path, count: int) -> Iterator[str]:
    """A line for each peer: its mean without the dearest and cheapest tenth, and the share of ours."""
    yield f"{way}:"
    means = {peer: _mean(each) for peer, each in costs(folder, client, tests, count).items()}
    for peer, mean in means.items():
        yield f"  {peer:32} {mean:6.2f} ms a test {mean / means[OURS]:8.2f} of gemulator's"


def _mean(costs: list[float]) -> float:
    cut = len(costs) // 10
    return statistics.mean(sorted(costs)[cut : len(costs) - cut])


def main(count: int) -> None:
    there = {peer: test for peer, (module, test) in PEERS.items() if importlib.util.find_spec(module)}
    with tempfile.TemporaryDirectory() as name:
        for number, (way, client) in enumerate(WAYS.items()):
            more = {} if number else {"gemulator.openai()": HANDED_OUT}
            for line in table(way, client, {**there, **more}, Path(name), count):
                print(line, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TESTS)
