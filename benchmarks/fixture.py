"""What one more test with one SDK call costs: `python -m benchmarks.fixture`, beside peers that are installed.

Each peer runs a file of few and a file of many equal tests; the difference, by the number of tests, is the cost of one.
pip install llmock "stubllm[pytest]" openai-responses respx   (those that are not there are left out)
"""

import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

FEW, MANY, ROUNDS = 5, 65, 3

ASK = """
def said(client):
    answer = client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content == "Hello!"
"""
BODY = """{"id": "x", "object": "chat.completion", "created": 1, "model": "google/m", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}]}"""

STUBS = """
fixtures:
  - name: hi
    match: { provider: openai }
    response: { content: "Hello!" }
"""

# By name: the module that must be there, and one test. Each makes a client of its own, as its documentation shows.
PEERS = {
    "gemulator, its own client (server)": (
        "emulator",
        """
        def test_it(gemulator, number):
            gemulator.when(user="hi").reply("Hello!")
            said(gemulator.openai())
        """,
    ),
    "gemulator (server)": (
        "emulator",
        """
        def test_it(gemulator, number):
            gemulator.when(user="hi").reply("Hello!")
            with openai.OpenAI(base_url=gemulator.base_url, api_key=gemulator.token) as client:
                said(client)
        """,
    ),
    "llmock (server)": (
        "llmock",
        """
        def test_it(llmock, number):
            llmock.reply("Hello!")
            with openai.OpenAI(base_url=llmock.base_url(), api_key="x") as client:
                said(client)
        """,
    ),
    "stubllm (server)": (
        "stubllm",
        """
        from stubllm.pytest_plugin import use_fixtures

        @use_fixtures("stubs.yaml")
        def test_it(stubllm_server, number):
            with openai.OpenAI(base_url=stubllm_server.openai_url, api_key="x") as client:
                said(client)
        """,
    ),
    "openai-responses (no server)": (
        "openai_responses",
        """
        import openai_responses

        @openai_responses.mock()
        def test_it(openai_mock, number):
            openai_mock.chat.completions.create.response = json.loads(BODY)
            with openai.OpenAI(api_key="x") as client:
                said(client)
        """,
    ),
    "respx (no server)": (
        "respx",
        """
        def test_it(respx_mock, number):
            respx_mock.post("http://x/chat/completions").respond(json=json.loads(BODY))
            with openai.OpenAI(base_url="http://x", api_key="x") as client:
                said(client)
        """,
    ),
}


def seconds(folder: Path, tests: str, count: int) -> float:
    """How long a run of so many tests takes, from the first process to the last."""
    code = dedent(tests).strip()
    head = f"import json, openai, pytest\nBODY = '''{BODY}'''\n{ASK}\n"
    tail = f"\ntest_it = pytest.mark.parametrize('number', range({count}))(test_it)\n"
    (folder / "test_it.py").write_text(head + code + tail)
    (folder / "stubs.yaml").write_text(STUBS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-600:])
    return time.perf_counter() - begun


def rows() -> Iterator[str]:
    """A line for each peer."""
    with tempfile.TemporaryDirectory() as name:
        for peer, (module, tests) in PEERS.items():
            if importlib.util.find_spec(module) is None:
                yield f"{peer:36} not installed"
                continue
            try:
                each = [
                    (seconds(Path(name), tests, MANY) - seconds(Path(name), tests, FEW)) / (MANY - FEW) * 1_000
                    for _ in range(ROUNDS)
                ]
                yield f"{peer:36} {statistics.median(each):6.1f} ms a test   ({min(each):.1f} to {max(each):.1f})"
            except RuntimeError as error:
                yield f"{peer:36} failed: {str(error).strip().splitlines()[-1]}"


if __name__ == "__main__":
    for row in rows():
        print(row, flush=True)
