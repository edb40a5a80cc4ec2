"""Bodies and query parameters of the admin API."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args

import orjson
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from starlette.requests import Request

from gemulator.core.clock import parse_clock
from gemulator.core.credentials import find_credentials
from gemulator.core.located_yaml import dotted
from gemulator.core.settings import (
    ClockText,
    SessionUnmatchedMode,
    Settings,
    Signatures,
    StreamUsage,
    Strictness,
    ToolCalls,
    ToolIndex,
    Wire,
)
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.loading.reader import path_of
from gemulator.scenario.override_values import check_override
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.journal.entry import Filter, Source
from gemulator.state.store import DEFAULT

_Model = TypeVar("_Model", bound=StrictModel)


def _check_session_name(name: str) -> str:
    """Return the name. Raises ValueError if it has a credential."""
    kinds = find_credentials(name.encode("utf-8", "surrogatepass"))
    if kinds:
        raise ValueError(f"the name has {kinds[0]} in it: the journal keeps no credentials, so use another name")
    return name


SessionName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_check_session_name)]

_MAX_BODY = 10_000_000
_SEE_OPENAPI = "See /__emulator/openapi.json for the accepted fields and values."


def number_as_text(value: Any) -> Any:
    """Return an integer as text; other values stay."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class DeliveryLines(StrictModel):
    """Faults, pacing, quota and error of a session, one line each."""

    fault: Annotated[
        str | None,
        Field(description="For example `disconnect: {after_chunks: 3}`; `none`: those of scenarios are off too."),
    ] = None
    pacing: Annotated[str | None, Field(description="For example `first_token: 3s`; `none`: no delays.")] = None
    quota: Annotated[str | None, Field(description="For example `requests_per_minute: 10`; `none`: unlimited.")] = None
    error: Annotated[
        str | None,
        BeforeValidator(number_as_text),
        Field(description="Answer before any turn: a status or name of an error, like `429, retry_after: 2s`."),
    ] = None

    @field_validator("fault", "pacing", "quota", "error", "speed", "fragment", "calls_per_delta", check_fields=False)
    @classmethod
    def _validate_line(cls, line: str | None, info: ValidationInfo) -> str | None:
        if line is not None and info.field_name in {"fault", "pacing", "quota", "error"} and not line.strip("[]{} "):
            raise ValueError("the line is empty: write `none` to switch it off, or null to leave it to scenarios")
        if line is not None and info.field_name:
            check_override(info.field_name, line)
        return line


class NewSession(DeliveryLines):
    """A session to create or to configure anew.

    Omitted fields use the server's settings; omitted faults, pacing and quota are kept.
    """

    session: Annotated[SessionName | None, Field(description="Default: a new name.")] = None
    scenario: str | None = None
    seed: str | None = None
    wire: Wire | None = None
    tool_index: ToolIndex | None = None
    fragment: str | None = None
    calls_per_delta: Annotated[str | None, BeforeValidator(number_as_text)] = None
    stream_usage: StreamUsage | None = None
    tool_calls: ToolCalls | None = None
    speed: str | None = None
    signatures: Signatures | None = None
    clock: ClockText | None = None
    unmatched: SessionUnmatchedMode | None = None
    strictness: Strictness | None = None
    scenarios: Annotated[dict[str, str], Field(default_factory=dict, description="Scenarios to push: texts by name.")]
    drop: Annotated[Sequence[SessionName], Field(description="Sessions to delete first.")] = ()
    over: Annotated[
        Sequence[SessionName], Field(description="Sessions to end first: later requests in them get a 400.")
    ] = ()
    ttl: Annotated[int, Field(gt=0, description="Lifetime of the token in seconds.")] = 3600


class Pin(StrictModel):
    """The only scenario that answers in a session; null removes the restriction."""

    session: SessionName = DEFAULT
    scenario: str | None


class Question(StrictModel):
    """A chat request to explain."""

    body: dict[str, Any]
    session: SessionName = DEFAULT
    path: str = "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
    headers: Annotated[dict[str, str], Field(default_factory=dict)]


async def read_body(request: Request) -> bytes:
    """Return the body. Raises AdminHTTPError if it is too large."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > _MAX_BODY:
            raise AdminHTTPError(
                413, "too_large", f"the request body is larger than {_MAX_BODY:,} bytes", "Send a smaller body."
            )
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(request: Request, model: type[_Model]) -> _Model:
    """Return the model in a request's JSON body. Raises AdminHTTPError."""
    return parse_body(await read_body(request), model)


def parse_body(body: bytes, model: type[_Model]) -> _Model:
    """Return the model in a JSON body; an empty body is an empty object. Raises AdminHTTPError."""
    try:
        data = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise AdminHTTPError(
            400, "invalid_json", f"the request body is not valid JSON: {error}", "Send a JSON object."
        ) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _validation_error(error, data, model) from None


def _validation_error(error: ValidationError, data: Any, model: type[StrictModel]) -> AdminHTTPError:
    from gemulator.scenario.loading.messages import explain_error

    located = [(detail, path_of(detail["loc"], data)) for detail in error.errors(include_url=False)]
    explained = [(dotted(path) or "body", *explain_error(detail, path, model)) for detail, path in located]
    server_only = Settings.model_fields.keys() - NewSession.model_fields.keys()
    server_settings = [path for path, *_ in explained if model is NewSession and path in server_only]
    if server_settings:
        remedy = f"{server_settings[0]} is a setting of the server, not of a session: see docs/options.md."
    else:
        remedy = next((remedy for _, _, remedy in explained if remedy), _SEE_OPENAPI)
    message = "; ".join(f"{path}: {text}" for path, text, _ in explained)
    return AdminHTTPError(422, "invalid_body", message, remedy)


def journal_filter(request: Request) -> Filter:
    """Return the journal filter in the query."""
    query = request.query_params
    return Filter(
        session=query.get("session"),
        scenario=query.get("scenario"),
        model=query.get("model"),
        status=int_param(request, "status"),
        source=_source_param(query.get("source")),
        text=query.get("text"),
        since=_time_param(request, "since"),
        until=_time_param(request, "until"),
    )


def _source_param(source: str | None) -> str | None:
    """Return a source of answers, None if it is not given. Raises AdminHTTPError."""
    if source is None or source in get_args(Source):
        return source
    message = f"query parameter source: {source!r} is unknown"
    raise AdminHTTPError(422, "invalid_query", message, f"Use one of {', '.join(get_args(Source))}.")


def int_param(request: Request, name: str) -> int | None:
    """Return an integer of the query, None if it is not given. Raises AdminHTTPError."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise AdminHTTPError(
            422, "invalid_query", f"query parameter {name}: {text!r} is not a whole number", _SEE_OPENAPI
        )
    return int(text)


def _time_param(request: Request, name: str) -> float | None:
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
        remedy = "Use Unix seconds or ISO 8601, for example 2026-02-11T22:54:21Z."
        raise AdminHTTPError(422, "invalid_query", f"query parameter {name}: {text!r} is not a time", remedy) from None


def session_param(request: Request) -> str:
    """Return the session in the query (default: the default session)."""
    return require_name(request.query_params.get("session") or DEFAULT)


def require_name(session: str) -> str:
    """Return the name of a session. Raises AdminHTTPError if it has a credential."""
    try:
        return _check_session_name(session)
    except ValueError as error:
        raise AdminHTTPError(422, "invalid_session", f"session: {error}", "Name the session otherwise.") from None
