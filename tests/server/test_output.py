"""Writer of standard output and error that never waits for its reader."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from gemulator.server.log import RequestLog
from gemulator.server.output import OutputWriter, writer_of
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE, until


class Unread(io.StringIO):
    """A stream that takes nothing until `is_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.is_read = threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.is_read.wait(PATIENCE)
        return super().write(text)


def test_writer_keeps_order_and_reports_dropped_lines() -> None:
    out = Unread()
    writer = OutputWriter(out)
    writer.write("first\n")
    assert out.reached.wait(PATIENCE)
    for number in range(3000):
        writer.write(f"{number} {'x' * 1000}\n")
    assert not writer.flush(0.0)
    out.is_read.set()
    assert writer.flush(PATIENCE)
    writer.write("after\n")
    assert writer.flush(PATIENCE)
    first, *lines, loss, after = out.getvalue().splitlines()
    assert (first, after) == ("first", "after")
    assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
    assert loss == f"gemulator: {3000 - len(lines)} log lines were dropped: nobody read the output."
    assert 0 < len(lines) < 1001


def test_json_log_reports_dropped_lines_in_json() -> None:
    out = Unread()
    log = RequestLog("json", lambda: 7.0, out)
    log.info("first")
    assert out.reached.wait(PATIENCE)
    for _ in range(30):
        log.info("x" * 100_000)
    out.is_read.set()
    assert writer_of(out).flush(PATIENCE)
    *_, loss = map(json.loads, out.getvalue().splitlines())
    assert loss["dropped"] > 0


@pytest.mark.parametrize("out", [None, io.StringIO()], ids=["none", "closed"])
def test_closed_stream_is_no_error(out: io.StringIO | None) -> None:
    if out is not None:
        out.close()
    writer = OutputWriter(out)
    writer.write("text\n")
    assert writer.flush(PATIENCE)


@contextmanager
def serving(tmp_path: Path, *command: str, **pipes: int) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Run a server, and find the URL of its chat route without reading its output."""
    arguments = ("-m", "gemulator", "serve", "--port", "0", "--scenarios", str(tmp_path), "--log-format", "plain")
    with subprocess.Popen([*command, sys.executable, *arguments], **pipes) as process:  # type: ignore[call-overload]
        try:
            until(lambda: process.poll() is not None or ports_of(process.pid))
            (port,) = ports_of(process.pid)
            yield process, f"http://127.0.0.1:{port}/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
        finally:
            process.kill()


def ports_of(process: int) -> Sequence[int]:
    """Ports on which a process listens (Linux)."""
    own = set(sockets_of(process))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in own]


def sockets_of(process: int) -> Iterator[str]:
    """Inodes of the sockets that a process holds; it may open and close files meanwhile."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            target = os.readlink(link)
            if target.startswith("socket:"):
                yield target[8:-1]


@pytest.mark.slow
def test_server_whose_output_nobody_reads_answers_and_ends(tmp_path: Path) -> None:
    """A pipe holds 64 kB; the lines below have ten times as much."""
    body = ask("x" * 10, model="google/" + "m" * 3_000)
    headers = {"authorization": "Bearer x"}
    with serving(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as (process, url):
        with httpx.Client(timeout=PATIENCE) as client:
            for _ in range(300):
                assert client.post(url, json=body, headers=headers).status_code in {200, 400, 404}
            assert client.get(url, headers=headers).status_code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert b"listens on" in process.stdout.read(1000)


@pytest.mark.slow
def test_server_without_output_answers_and_ends(tmp_path: Path) -> None:
    with serving(tmp_path, "sh", "-c", 'exec "$@" >&- 2>&-', "sh") as (process, url):
        assert httpx.post(url, json=ask("x"), headers={"authorization": "Bearer x"}).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
