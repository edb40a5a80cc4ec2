"""Process start to the first 200, as a ratio to a bare Starlette application on uvicorn, in one run.

python -m benchmarks.startup [ROUNDS]
"""

import http.client
import statistics
import subprocess
import sys
import time

from benchmarks.servers import free_port, gemulator, wait_for

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/__emulator/health", lambda request: PlainTextResponse("ok"))])
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""


def first_answer(command: list[str], port: int) -> float:
    """Seconds from the start of the process to its first 200."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/__emulator/health")
        if connection.getresponse().status != 200:
            raise RuntimeError("not healthy")
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    ratios = []
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 9):
        port = free_port()
        bare = first_answer([sys.executable, "-c", BARE, str(port)], port)
        port = free_port()
        ratios.append(first_answer(gemulator(port), port) / bare)
    print(
        f"start to first 200: {statistics.median(ratios):.2f} x bare Starlette + uvicorn"
        f" (best {min(ratios):.2f}, aim 2.0)"
    )


if __name__ == "__main__":
    main()
