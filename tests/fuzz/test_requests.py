"""Whatever is asked, the answer is an answer or a well-formed refusal, never a 500.

`GEMULATOR_FUZZ` says how many requests are sent in all.
"""

import asyncio
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemulator import create_app
from gemulator.core.settings import Settings
from tests.fuzz.mutation import mutations
from tests.fuzz.request_schema import DOCUMENT, PATH

REQUESTS = int(os.environ.get("GEMULATOR_FUZZ", "1000"))
EACH = 24  # bodies made of one generated request, itself included
BASE = "/v1/projects/p/locations/global/endpoints/openapi"
STATUSES = {400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"}, 404: {"NOT_FOUND"}, 413: {"INVALID_ARGUMENT"}}
MODES = ["positive", "negative"]

_quietly = settings(
    max_examples=max(1, REQUESTS // EACH // len(MODES)),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


async def exchange(app: Any, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, over ASGI: an exception is the server's mistake and comes out here."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": BASE + PATH,
        "raw_path": (BASE + PATH).encode(),
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer x"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def check(status: int, answer: bytes, asked: bytes) -> None:
    """An answer, a stream that ends, or Google's error in its array."""
    if status == 200 and answer.startswith(b"data: "):
        *events, done, rest = answer.split(b"\n\n")
        assert (done, rest) == (b"data: [DONE]", b""), asked
        assert all(json.loads(event[6:])["object"] == "chat.completion.chunk" for event in events), asked
    elif status == 200:
        assert json.loads(answer)["choices"], asked
    else:
        ((error,),) = [list(wrapped.values()) for wrapped in json.loads(answer)]
        assert error["code"] == status, asked
        assert error["status"] in STATUSES[status], asked
        assert isinstance(error["message"], str), asked
        assert error["message"], asked


async def send_all(strict: bool, request: Any, seed: int) -> None:
    app = _apps[strict]
    for body in mutations(request, seed, EACH - 1):
        check(*await exchange(app, body), body)


_apps = {
    strict: create_app(
        Settings(
            scenarios=(),
            log_format="off",
            strict_params=strict,
            strict_media=strict,
            signatures="strict" if strict else "enforce",
        )
    )
    for strict in (False, True)
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore")  # of schemathesis: a dependency's deprecations are not ours
def test_no_request_breaks_it(mode: str) -> None:
    import schemathesis
    from schemathesis import GenerationMode

    operation = schemathesis.openapi.from_dict(DOCUMENT)[PATH]["POST"]
    cases = operation.as_strategy(generation_mode=GenerationMode(mode))

    @_quietly
    @given(case=cases, seed=st.integers(0, 2**32), strict=st.booleans())
    def run(case: Any, seed: int, strict: bool) -> None:
        # What is wrong in a negative case may be that it has no body, or no JSON.
        body = case.body if isinstance(case.body, bytes | dict | list) else b""
        if isinstance(body, bytes):
            check(*asyncio.run(exchange(_apps[strict], body)), body)
        else:
            asyncio.run(send_all(strict, body, seed))

    run()
