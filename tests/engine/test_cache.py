"""Tests of the bounds of the answer cache."""

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
def test_a_template_takes_no_more_than_its_bytes() -> None:
    template = ByteTemplate(orjson.dumps({"data": "x" * 100_000}), ())
    size, _ = tracemalloc.get_traced_memory()
    assert len(template.data) < size < 110_000


@pytest.mark.usefixtures("traced")
def test_repeated_large_answers_are_cached_up_to_a_number_of_bytes() -> None:
    endpoint = Endpoint(f"turns: [{{reply: {{audio: noise, data: {'A' * 1_200_000}}}}}]", journal_body=1_000)
    for number in range(60):
        for _ in range(2):
            assert len(endpoint.ask(str(number)).text) > 1_000_000
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    assert size < 120_000_000
