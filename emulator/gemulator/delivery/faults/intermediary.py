"""Faults of intermediaries: answers that do not come from the emulated service."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field, field_validator

from gemulator.core.seed import Seed
from gemulator.delivery.faults.fault import Fault
from gemulator.delivery.faults.http_framing import validate_header_value
from gemulator.delivery.steps import Chunk, Head, Step

_PAGE = """<!DOCTYPE html>
<html>
<head><title>{status} {phrase}</title></head>
<body>
<h1>{status} {phrase}</h1>
<p>The proxy got no usable answer from the server behind it.</p>
</body>
</html>
"""


def _wait(steps: Sequence[Step]) -> float:
    """Return the wait before the first byte of the original answer."""
    return steps[0].wait if steps else 0.0


class Html(Fault):
    """A proxy answers with an HTML page."""

    key = "html"
    status: Annotated[int, Field(ge=400, le=599, description="HTTP status.")] = 502

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Error"
        yield Head(self.status, ((b"content-type", b"text/html"),), _wait(steps))
        yield Chunk(_PAGE.format(status=self.status, phrase=phrase).encode())


class Redirect(Fault):
    """A redirect, without `to` to the same path: a client that follows it repeats the request."""

    key = "redirect"
    status: Annotated[Literal[301, 302, 303, 307, 308], Field(description="307 and 308 keep the method.")] = 307
    to: Annotated[str, Field(description="Value of `location`.")] = "?redirected"

    @field_validator("to")
    @classmethod
    def _validate_header_value(cls, value: str) -> str:
        return validate_header_value(value)

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        yield Head(self.status, ((b"location", self.to.encode()), (b"content-length", b"0")), _wait(steps))
        yield Chunk(b"")


class Empty(Fault):
    """The status is 200, the headers are right, the body is empty."""

    key = "empty"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        headers = next((step.headers for step in steps if isinstance(step, Head)), ())
        yield Head(200, headers, _wait(steps))
        yield Chunk(b"")
