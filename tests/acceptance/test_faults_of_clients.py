"""What docs/faults.md says that clients see is what they see: every row, every column of Python's clients."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI, OpenAIError

from gemulator import Emulator
from gemulator.delivery.faults.schema import FAULTS
from tests.waiting import PATIENCE

WORDS = "Grüße über Zürich, naïve café."
SCENARIO = f"pacing: {{ tokens_per_chunk: 1 }}\nturns: [{{ reply: '{WORDS}' }}]\n"
MODEL = "google/gemini-3.1-pro-preview"
DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
COLUMNS = ("httpx", "openai-python, whole", "openai-python, stream", "openai-node, whole", "openai-node, stream")


def rows() -> dict[str, dict[str, str]]:
    """The table of clients: by fault as written, what each client sees."""
    table = DOCS.read_text().partition("## What your client will see")[2].partition("Worth knowing")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): dict(zip(COLUMNS, row[1:], strict=True)) for row in cells}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "words.yaml").write_text(SCENARIO)
    with Emulator(scenarios=folder, ids="stable", clock="2026-02-11T22:54:21Z", grace=1) as emulator:
        yield emulator


def clocks(fault: str) -> list[tuple[float, str]]:
    """Return read time-outs in seconds, and the fault with times in proportion: a busy machine needs longer ones."""
    if not fault.startswith(("hang", "slow")):
        return [(PATIENCE, fault)]
    return [(float(by), scaled(fault, by)) for by in (1, 8, 60)]


def scaled(fault: str, by: int) -> str:
    return re.sub(r"\b(\d+)s\b", lambda found: f"{int(found[1]) * by}s", fault)


def seen_by_httpx(server: Emulator, patience: float, headers: dict[str, str]) -> str:
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    url = f"{server.base_url}/chat/completions"
    plain = httpx.post(url, json=body, headers={"authorization": "Bearer x"}).content
    got = b""
    try:
        with httpx.stream("POST", url, json=body, headers=headers, timeout=patience) as answer:
            status = answer.status_code
            for piece in answer.iter_bytes():
                got += piece
    except httpx.HTTPError as error:
        return f"part, {type(error).__name__}" if got else type(error).__name__
    if status != 200:
        return str(status)
    return "whole" if got == plain else "part" if plain.startswith(got) and got else "other bytes" if got else "nothing"


def seen_whole(client: OpenAI, headers: dict[str, str]) -> str:
    try:
        answer = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "hi"}], extra_headers=headers
        )
    except (OpenAIError, ValueError) as error:
        return type(error).__name__
    choice = answer.choices[0]
    return _judged(choice.message.content or "", choice.finish_reason, answer.usage)


def seen_as_stream(client: OpenAI, headers: dict[str, str]) -> str:
    words, finish, usage, odd = "", None, None, ""
    try:
        stream = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "hi"}], extra_headers=headers, stream=True
        )
        for chunk in stream:
            if isinstance(chunk, list):
                odd = ", a list"
                continue
            words += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
            usage = chunk.usage or usage
    except (OpenAIError, ValueError) as error:
        return f"part, {type(error).__name__}" if words else type(error).__name__
    return _judged(words, finish, usage) + odd


def _judged(words: str, finish: object, usage: object) -> str:
    if words != WORDS:
        return "nothing" if not words else "part" if WORDS.startswith(words) else "other words"
    return "no finish reason" if not finish else "no usage" if not usage else "whole"


@pytest.mark.parametrize("fault", rows())
def test_what_python_s_clients_see(fault: str, server: Emulator) -> None:
    said = [rows()[fault][column] for column in ("httpx", "openai-python, whole", "openai-python, stream")]
    for patience, order in clocks(fault):
        seen = seen_by_clients(server, order, patience)
        if seen == said:
            break
    assert seen == said


def seen_by_clients(server: Emulator, fault: str, patience: float) -> list[str]:
    headers = {"authorization": "Bearer x", "x-emulator-fault": fault}
    looks: tuple[Callable[[OpenAI, dict[str, str]], str], ...] = (seen_whole, seen_as_stream)
    with OpenAI(base_url=server.base_url, api_key="x", max_retries=0, timeout=patience) as client:
        seen = [look(client, headers | {"x-emulator-session": f"{fault} {look.__name__}"}) for look in looks]
    return [seen_by_httpx(server, patience, headers | {"x-emulator-session": f"{fault} httpx"}), *seen]


def test_every_fault_has_its_row() -> None:
    assert {fault.partition(":")[0] for fault in rows()} == set(FAULTS)
