"""What is kept ready for requests that come again: a bounded number of bytes, and no more than they show."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gemulator.delivery.byte_template import CONSTANT, ByteTemplate
from gemulator.engine.cache import AnswerCache
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from gemulator.state.memory import MemoryStore
from gemulator.state.store import StoreLimits
from tests.endpoint import Endpoint, tool


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_an_answer_takes_no_more_than_its_bytes() -> None:
    template = ByteTemplate(orjson.dumps({"data": "x" * 1_000_000}), CONSTANT)
    size, _ = tracemalloc.get_traced_memory()
    assert len(template.data) < size < 2 * len(template.data)


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
def test_requests_with_large_answers_are_kept_up_to_a_number_of_bytes() -> None:
    endpoint = Endpoint(f"turns: [{{reply: {{audio: noise, data: {'A' * 1_200_000}}}}}]", journal_body=1_000)
    sizes = []
    for number in range(60):
        for _ in range(2):
            assert len(endpoint.ask(str(number)).text) > 1_000_000
        if number % 20 == 19:
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    assert sizes[0] > 20_000_000, "the first answers are kept"
    assert sizes[2] - sizes[1] < 20_000_000, "the last ones take the room of others"


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
def test_long_names_are_not_kept() -> None:
    """Caches that are bounded in entries only would keep a hundred megabytes of them."""
    endpoint = Endpoint(journal_body=1_000)
    endpoint.engine.store = MemoryStore(StoreLimits(bytes=1_000_000))
    sizes = []
    for number in range(60):
        name = f"{number}" + "n" * 200_000
        declared = tool("f", **{name: {"type": "string", "description": name}})
        headers = {"x_emulator_session": name[:8_000], "user_agent": name}
        endpoint.ask(model=f"google/{name}", user=name, headers=headers, tools=[declared])
        if number % 30 == 29:
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    assert sizes[1] - sizes[0] < 3_000_000


class Value:
    def __init__(self, size: int) -> None:
        self.size = size


def test_a_value_is_stored_when_its_key_is_seen_again() -> None:
    cache, value = AnswerCache(), Value(10)
    cache.offer("key", Value(10))
    assert cache.get("key") is None
    cache.offer("key", value)
    assert cache.get("key") is value
    cache.clear()
    cache.offer("key", value)
    assert cache.get("key") is None


def test_a_large_value_is_not_stored() -> None:
    cache = AnswerCache()
    for _ in range(3):
        cache.offer("key", Value(1_000_000))
    assert cache.get("key") is None


def test_the_least_recently_used_values_make_room_for_a_grown_one() -> None:
    cache, values = AnswerCache(), [Value(200_000) for _ in range(3)]
    for number, value in enumerate(values):
        cache.offer(number, value)
        cache.offer(number, value)
    assert cache.get(0) is values[0]
    values[0].size += 31_600_000
    cache.grow(0, values[0], Value(31_600_000))
    assert [cache.get(number) is not None for number in range(3)] == [True, False, True]


def test_a_reload_drops_cached_answers() -> None:
    endpoint = Endpoint("turns: [{reply: Before.}]")
    assert [endpoint.ask("hi").message["content"] for _ in range(3)] == ["Before."] * 3
    endpoint.engine.preparation.set_library(Library([read_scenario("turns: [{reply: After.}]", Path("a.yaml"), "a")]))
    assert [endpoint.ask("hi").message["content"] for _ in range(3)] == ["After."] * 3
