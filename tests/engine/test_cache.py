"""What is kept ready for requests that come again: a bounded number of bytes, and no more than they show."""

import gc
import tracemalloc
from collections.abc import Iterator

import orjson
import pytest

from gemulator.delivery.byte_template import ByteTemplate
from tests.endpoint import Endpoint


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_an_answer_takes_no_more_than_its_bytes() -> None:
    template = ByteTemplate(orjson.dumps({"data": "x" * 1_000_000}), ())
    size, _ = tracemalloc.get_traced_memory()
    assert len(template.data) < size < 2 * len(template.data)


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
