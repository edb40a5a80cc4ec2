"""Entries in a shared store by a release that did not record faults."""

from typing import Any

import orjson
import pytest

from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Head, Step
from gemulator.state import serialization as codec
from gemulator.state.journal.entry import Entry, Received
from gemulator.state.journal.json_views import entry_view
from tests.stores import DONE, received


def sent(*steps: Step, faults: tuple[str, ...]) -> Received:
    """An answer that its scenario wanted as a 200."""
    one = received()
    return Received(one.at, one.session, 0, one.exchange, one.headers, Delivery(steps, faults=faults), one.size)


def without(data: bytes, *names: str) -> bytes:
    tree: dict[str, Any] = orjson.loads(data)
    return orjson.dumps({name: value for name, value in tree.items() if name not in names})


@pytest.mark.parametrize(
    ("steps", "status"),
    [((Head(503, ()), Chunk(b"<html>")), 503), ((CloseConnection(),), 0), ((Head(200, ()), Chunk(b"{}")), 200)],
    ids=["html", "refuse", "none"],
)
def test_older_entry_has_the_status_that_was_sent(steps: tuple[Step, ...], status: int) -> None:
    data = without(codec.encode(sent(*steps, faults=("html",))), "faults", "quota")
    end = codec.decode_end(without(codec.encode_end(DONE), "head"))
    view = entry_view(Entry(1, codec.decode(data), end, 2))
    assert (view["status"], view["faults"], view["quota"]) == (status, None, None)


def test_older_release_reads_newer_entries() -> None:
    """Fields that it does not know are ignored, as they are here."""
    data = orjson.dumps(orjson.loads(codec.encode(received())) | {"later": 1})
    assert codec.decode(data) == received()


@pytest.mark.parametrize("faults", [(), ("html", "split")])
def test_faults_survive_a_shared_store(faults: tuple[str, ...]) -> None:
    one = sent(Head(200, ()), Chunk(b"{}"), faults=faults)
    assert codec.decode(codec.encode(one)) == one
