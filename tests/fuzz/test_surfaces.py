"""Each surface of the server under seeded hostile requests: no 5xx, no hang, whole bodies, a usable connection.

`GEMULATOR_FUZZ` says how many requests are sent in all. `python -m tests.fuzz.surfaces NUMBER` prints a case.
"""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fuzz.exchanges import Exchange, admin
from tests.fuzz.raw_client import Broken, Client, Usage, server
from tests.fuzz.samples import CORPUS, OWN_SCHEMAS, corpus
from tests.fuzz.surfaces import CATALOG, SURFACES, case

REQUESTS = int(os.environ.get("GEMULATOR_FUZZ", "500"))
_HEALTH = admin("GET", "health")
_MOST_SHOWN = 20
_JOURNAL = ("--journal-entries", "100", "--journal-bytes", "2000000")  # which are full soon
_ROOM = 10.0  # megabytes


def run(client: Client, number: int, statuses: Counter[int]) -> list[str]:
    """Send the requests of a case and a health check after each that may break; return what went wrong."""
    surface, exchanges = case(number)
    found = []
    for index, exchange in enumerate(exchanges):
        for sent in (exchange, _HEALTH) if exchange.may_break else (exchange,):
            try:
                statuses[client.send(sent)] += 1
            except Broken as broken:
                found.append(f"case {number} ({surface}), request {index}: {broken}")
    return found


@pytest.mark.slow
def test_no_surface_breaks_the_server(tmp_path: Path) -> None:
    """The same cases three times: the first two fill all caches, after the third time memory is what it was."""
    statuses: Counter[int] = Counter()
    found: list[str] = []
    used: list[Usage] = []
    with server(tmp_path, CATALOG, *_JOURNAL) as (port, process, log):
        with closing(Client(port)) as client:
            used.append(Usage.of(process))
            while statuses.total() < REQUESTS / 3 and len(found) < _MOST_SHOWN:
                found += run(client, len(used) - 1, statuses)
                used.append(Usage.of(process))
            cases = len(used) - 1
            for number in [*range(cases), *range(cases)] if not found else ():
                found += run(client, number, statuses)
                used.append(Usage.of(process))
        assert process.poll() is None, "the server has ended"
        process.send_signal(signal.SIGTERM)
        process.wait()
    report(statuses, used, cases)
    assert found == []
    warm = used[2 * cases].megabytes
    assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace")
    assert used[-1].megabytes < 1.1 * warm + _ROOM


def report(statuses: Counter[int], used: Sequence[Usage], cases: int) -> None:
    """Print what was sent, what it took, and the cases that took most."""
    took = sorted(((after.seconds - before.seconds, number) for number, (before, after) in enumerate(pairwise(used))))
    slowest = ", ".join(f"{number % cases}: {seconds:.2f}" for seconds, number in reversed(took[-5:]))
    curve = " ".join(f"{usage.megabytes:.0f}" for usage in used[:: max(1, len(used) // 20)])
    print(f"\n{statuses.total()} requests of {len(took)} cases, by status: {dict(sorted(statuses.items()))}")
    first, second, last = (used[min(times * cases, len(used) - 1)].megabytes for times in (1, 2, 3))
    print(f"the same cases once: {first:.0f} MB, twice: {second:.0f}, three times: {last:.0f}; on the way: {curve}")
    print(f"{used[-1].seconds - used[0].seconds:.1f} s of CPU; slowest cases: {slowest}")


@pytest.mark.parametrize("surface", SURFACES)
def test_cases_depend_on_their_number_only(surface: str) -> None:
    number = [*SURFACES].index(surface) + 7 * len(SURFACES)
    name, exchanges = case(number)
    assert name == surface
    assert exchanges
    assert [exchange.data() for exchange in case(number)[1]] == [exchange.data() for exchange in exchanges]


@pytest.mark.skipif(not CORPUS.exists(), reason="schema corpus not found (set GEMULATOR_SHARED)")
def test_real_schemas_are_among_the_cases() -> None:
    assert len(corpus()) > 100 * len(OWN_SCHEMAS)


@pytest.mark.parametrize(
    ("answer", "may_break", "reason"),
    [
        (b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n", False, "500"),
        (b"HTTP/1.1 500 X\r\nx-emulator-error: bug\r\nx-emulator-turn: a/1\r\ncontent-length: 1\r\n\r\nx", True, "x"),
        (b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{", False, "JSON"),
        (b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ncontent-length: 8\r\n\r\ndata: 1\n", False, "an end"),
        (b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{", False, "IncompleteRead"),
        (b"", False, "Remote end closed"),
    ],
)
def test_broken_answers_are_found(answer: bytes, may_break: bool, reason: str) -> None:
    import socket
    from threading import Thread

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        Thread(target=serve, daemon=True).start()
        with closing(Client(listening.getsockname()[1])) as client, pytest.raises(Broken, match=reason):
            client.send(Exchange("GET", "/", may_break=may_break))
