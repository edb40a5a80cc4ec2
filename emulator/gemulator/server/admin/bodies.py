"""How requests to the admin API are read: JSON bodies into models, query parameters into filters."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field, StringConstraints, ValidationError
from starlette.requests import Request

from gemulator.core.clock import parse_clock
from gemulator.core.located_yaml import dotted
from gemulator.core.settings import ClockText, UnmatchedMode
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.loading.reader import path_of
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.journal.entry import Filter
from gemulator.state.store import DEFAULT

Door = TypeVar("Door", bound=StrictModel)
SessionName = Annotated[str, StringConstraints(min_length=1, max_length=200)]

_LARGEST = 10_000_000
_SEE = "See /__emulator/openapi.json for what fits here."


class NewSession(StrictModel):
    """A session to make, or to set anew. What is left out is as the server; chaos stays as it was ordered."""

    session: Annotated[SessionName | None, Field(description="Left out: a new name.")] = None
    scenario: str | None = None
    seed: str | None = None
    clock: ClockText | None = None
    unmatched: UnmatchedMode | None = None
    scenarios: Annotated[dict[str, str], Field(default_factory=dict, description="Pushed to it: texts by name.")]
    drop: Annotated[Sequence[SessionName], Field(description="Sessions to forget before.")] = ()
    over: Annotated[
        Sequence[SessionName], Field(description="The same; who still asks in one of them gets a 400 that says so.")
    ] = ()
    ttl: Annotated[int, Field(gt=0, description="Seconds for which the token is good.")] = 3600


class Pin(StrictModel):
    """The one scenario that is to answer in a session; null: any may."""

    session: SessionName = DEFAULT
    scenario: str | None


class Question(StrictModel):
    """A chat request to explain."""

    body: dict[str, Any]
    session: SessionName = DEFAULT
    path: str = "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
    headers: Annotated[dict[str, str], Field(default_factory=dict)]


async def read_body(request: Request) -> bytes:
    """The body. Refusal where it is too large."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > _LARGEST:
            raise AdminHTTPError(413, "too_large", f"the body is larger than {_LARGEST} bytes", "Send less at once.")
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(request: Request, model: type[Door]) -> Door:
    """The model in a JSON body. Refusal."""
    return read(await read_body(request), model)


def read(body: bytes, model: type[Door]) -> Door:
    """The model in JSON; nothing is an empty object. Refusal says what is wrong."""
    try:
        data = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise AdminHTTPError(400, "invalid_json", f"the body is no JSON: {error}", "Send a JSON object.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _invalid(error, data, model) from None


def _invalid(error: ValidationError, data: Any, model: type[StrictModel]) -> AdminHTTPError:
    from gemulator.scenario.loading.messages import explain_error

    places = [(detail, path_of(detail["loc"], data)) for detail in error.errors(include_url=False)]
    said = [(dotted(path) or "body", *explain_error(detail, path, model)) for detail, path in places]
    remedy = next((remedy for _, _, remedy in said if remedy), _SEE)
    return AdminHTTPError(422, "invalid_body", "; ".join(f"{where}: {message}" for where, message, _ in said), remedy)


def filter_of(request: Request) -> Filter:
    """The filter in the query."""
    given = request.query_params
    return Filter(
        session=given.get("session"),
        scenario=given.get("scenario"),
        model=given.get("model"),
        status=number_in(request, "status"),
        source=given.get("source"),
        text=given.get("text"),
        since=_seconds(request, "since"),
        until=_seconds(request, "until"),
    )


def number_in(request: Request, name: str) -> int | None:
    """A whole number in the query, None where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise AdminHTTPError(422, "invalid_query", f"{name}={text} is no whole number", _SEE)
    return int(text)


def _seconds(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse_clock(text)
    except ValueError:
        remedy = "Write Unix seconds, or like 2026-02-11T22:54:21Z."
        raise AdminHTTPError(422, "invalid_query", f"{name}={text} is no moment", remedy) from None


def session_in(request: Request) -> str:
    """The session in the query; left out: the default one."""
    return request.query_params.get("session") or DEFAULT
