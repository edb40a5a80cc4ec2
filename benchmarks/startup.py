"""Process start to the first answers, as ratios to a bare Starlette application on uvicorn, in one run.

python -m benchmarks.startup [ROUNDS]
"""

import compileall
import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import orjson

import gemulator as package
from benchmarks.servers import PATH, cpu_of, free_port, gemulator, wait_for

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/__emulator/health", lambda request: PlainTextResponse("ok"))])
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""

IN_PROCESS = """
import http.client
from gemulator import Emulator
with Emulator() as server:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("POST", {path!r}, {body!r}, {{"authorization": "Bearer x"}})
    print(connection.getresponse().status, flush=True)
"""


def bare(port: int) -> list[str]:
    return [sys.executable, "-c", BARE, str(port)]


def question(text: str) -> bytes:
    """The body of a chat request."""
    return orjson.dumps({"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": text}]})


WRITTEN = question("plain chat, please")  # a turn of the shipped scenarios fits
INVENTED = question(
    "Why is the sea blue?"
)  # none does; no name in the answer: names are Faker's, and take their time once


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a process to its first answer: by the wall's clock, and by its own (CPU)."""

    wall: float
    cpu: float


def served(command: Callable[[int], list[str]], body: bytes | None = None) -> Start:
    """A server up to its first 200: a chat completion, or without a body its health."""
    port = free_port()

    def ask(process: "subprocess.Popen[bytes]") -> None:
        wait_for(port, process)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        if body is None:
            connection.request("GET", "/__emulator/health")
        else:
            connection.request("POST", PATH, body, {"authorization": "Bearer x"})
        if connection.getresponse().status != 200:
            raise RuntimeError("not answered")

    return started(command(port), ask)


def printed(code: str) -> Start:
    """A Python process until it prints a line."""

    def read(process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("nothing was printed")

    return started([sys.executable, "-c", code], read)


def started(command: list[str], wait: Callable[["subprocess.Popen[bytes]"], None]) -> Start:
    """A process until `wait` returns; then it is stopped."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        wait(process)
        start = Start(time.perf_counter() - began, cpu_of(process))
        process.terminate()
    return start


FLOOR = "bare Starlette on uvicorn"
PYTEST = "import pytest"
STARTS: dict[str, Callable[[], Start]] = {
    FLOOR: partial(served, bare),
    "serve: health (aim 2.0)": partial(served, gemulator),
    "serve: a written answer": partial(served, gemulator, WRITTEN),
    "serve: an invented answer": partial(served, gemulator, INVENTED),
    "Emulator: an invented answer": partial(printed, IN_PROCESS.format(path=PATH, body=INVENTED)),
    PYTEST: partial(printed, "import pytest; print()"),
    "import pytest and the plugin": partial(printed, "import pytest, gemulator.client.pytest_plugin.plugin; print()"),
}


def main() -> None:
    """What counts is the usual ratio of two starts of one round: other work on the machine disturbs both."""
    # As installers do; an environment that keeps no bytecode would compile gemulator, and nothing else, at each start.
    compileall.compile_dir(Path(package.__file__).parent, quiet=1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    starts = [{name: start() for name, start in STARTS.items()} for _ in range(rounds)]
    for name in STARTS:
        floor = PYTEST if "pytest" in name else FLOOR
        wall = median(start[name].wall / start[floor].wall for start in starts)
        cpu = median(start[name].cpu / start[floor].cpu for start in starts)
        best = min(start[name].wall for start in starts)
        print(f"{name:<30} {wall:5.2f} x   CPU {cpu:5.2f} x   {best * 1000:4.0f} ms at best")


if __name__ == "__main__":
    main()
