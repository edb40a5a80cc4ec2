"""Settings: one frozen model for flags, environment and file."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from gemulator.core.folders import default_scenarios
from gemulator.core.session_sources import AllowedHost, SessionSource
from gemulator.core.setting_checks import (
    Origins,
    Patterns,
    StoreURL,
    check_clock,
    check_header_values,
    check_no_spaces,
    texts_of,
)
from gemulator.core.setting_model import SettingModel
from gemulator.core.speed import parse_speed
from gemulator.core.upstream_setting import UpstreamAuth, UpstreamModels, UpstreamText

UnmatchedMode: TypeAlias = Literal["generate", "error", "forward"]
SessionUnmatchedMode: TypeAlias = Literal["generate", "error"]  # nobody but the server's operator lets it forward
Strictness: TypeAlias = Literal["lenient", "service", "strict"]
Signatures: TypeAlias = Literal["enforce", "strict", "warn", "off"]
Wire: TypeAlias = Literal["faithful", "sdk-safe"]
ToolIndex: TypeAlias = Literal["documented", "sequential", "all-zero", "gap", "missing"]
Fragment: TypeAlias = Annotated[str, Field(pattern=r"^(json|token|whole|size:[1-9]\d{0,5})$")]
CallsPerDelta: TypeAlias = Annotated[int, Field(ge=1, le=1_000)]
StreamUsage: TypeAlias = Literal["last", "every"]
ToolCalls: TypeAlias = Literal["related", "always"]


RecordMode: TypeAlias = Literal["missing", "all", "none"]
ClockText: TypeAlias = Annotated[str, AfterValidator(check_clock)]


# Empty, secret and policy would protect nothing, a host would be every address.
NEVER_EMPTY = ("host", "admin_key", "token_key", "tokens", "catalog", "policy")


class Settings(SettingModel):
    """Every option of `gemulator serve`, `Emulator(...)` and the container (`GEMULATOR_` variables)."""

    host: Annotated[str, Field(description="Address to listen on. The default accepts local connections only.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free port.")] = 8089
    scenarios: Annotated[tuple[Path, ...], Field(description="Folder or file with scenarios; `none` for none.")] = (
        Field(default_factory=lambda: (default_scenarios(),))
    )
    reload: Annotated[
        bool,
        Field(description="Reload scenarios when their files change. On by default if `serve` runs on a terminal."),
    ] = False
    unmatched: Annotated[
        UnmatchedMode,
        Field(
            description="Answer to requests that no turn matches: a generated one, a 400 that says why, or that of the"
            " server at --upstream."
        ),
    ] = "generate"
    upstream: Annotated[
        UpstreamText | None,
        Field(
            description="Server to forward to: `vertex` (Google's, by location), vertex=URL, or openai=URL of an"
            " OpenAI-compatible one, with its /v1."
        ),
    ] = None
    upstream_model: Annotated[
        UpstreamModels, Field(description="Name of a model (or glob) for the upstream, like google/*=llama3.2.")
    ] = ()
    upstream_auth: Annotated[
        UpstreamAuth,
        Field(
            description="Credentials for the upstream: the bearer token of the `caller`, `adc` of google-auth, a key in"
            " the variable env:NAME, or `none`."
        ),
    ] = "caller"
    upstream_timeout: Annotated[
        float, Field(gt=0, le=3600, description="Seconds of silence after which the upstream is given up.")
    ] = 300.0
    forward_limit: Annotated[int | None, Field(ge=0, description="Maximum number of requests that are forwarded.")] = (
        None
    )
    record: Annotated[Path | None, Field(description="Folder for recordings of forwarded requests.")] = None
    record_mode: Annotated[
        RecordMode,
        Field(
            description="Requests to record: those `missing` in the folder, `all`, or `none`, which only replays it."
        ),
    ] = "missing"
    seed: Annotated[str, Field(coerce_numbers_to_str=True, description="Seed of generated text, ids and jitter.")] = "0"
    clock: Annotated[ClockText, Field(description="`real`, or a fixed time like 2026-02-11T22:54:21Z.")] = "real"
    ids: Annotated[
        Literal["unique", "stable"],
        Field(description="Ids of repeated requests: `unique` ones, or `stable` ones that repeat."),
    ] = "unique"
    speed: Annotated[
        str,
        Field(
            description="`authored` uses the pacing of scenarios, `realistic` adds the model's own to other answers;"
            " a number divides the delays of `realistic`, 0 removes them."
        ),
    ] = "authored"
    quota: Annotated[str, Field(description="Limits per session and model, like `requests_per_minute: 60`.")] = "none"
    wire: Annotated[
        Wire,
        Field(description="Streamed tool calls: `faithful` as documented, `sdk-safe` for SDK stream helpers."),
    ] = "faithful"
    models: Annotated[
        Literal["any", "catalog"],
        Field(description="Accepted models: `any`, or those in the catalog; others get Google's 404."),
    ] = "any"
    strictness: Annotated[
        Strictness,
        Field(
            description="Refusals of requests: `service` as the service, `strict` also where sources disagree,"
            " `lenient` only what cannot be read. Others are reported in a header."
        ),
    ] = "service"
    strict_params: Annotated[
        bool | None,
        Field(description="Refuse parameters that Google does not document.  [default: with --strictness strict]"),
    ] = None
    strict_media: Annotated[
        bool | None, Field(description="Refuse media that cannot be decoded.  [default: with --strictness strict]")
    ] = None
    signatures: Annotated[
        Signatures | None,
        Field(
            description="Thought signatures in the history: `enforce` refuses if one is missing, `strict` also"
            " foreign and altered ones, `warn` only reports them in a header.  [default: by --strictness:"
            " enforce, strict or warn]"
        ),
    ] = None
    tool_index: Annotated[
        ToolIndex,
        Field(description="Index of streamed tool calls: as documented, or a variant for testing clients."),
    ] = "documented"
    fragment: Annotated[
        Fragment,
        Field(description="Splitting of streamed arguments: `json` as documented, `token`, `size:N` or `whole`."),
    ] = "json"
    calls_per_delta: Annotated[
        CallsPerDelta, Field(description="Whole tool calls in one delta of a stream, as parallel calls may share one.")
    ] = 1
    stream_usage: Annotated[
        StreamUsage,
        Field(description="Token counts in a stream: in the `last` chunk as documented, or so far in `every` chunk."),
    ] = "last"
    tool_calls: Annotated[
        ToolCalls,
        Field(description="Tool calls of generated answers: of tools `related` to the prompt, or `always` the best."),
    ] = "related"
    emulator_headers: Annotated[bool, Field(description="Add `x-emulator-` headers to answers.")] = True
    auth: Annotated[
        Literal["any", "open", "token"],
        Field(
            description="`any` accepts every non-empty bearer token, `open` also requests without one, `token` only"
            " valid tokens of gemulator and those of --tokens."
        ),
    ] = "any"
    tokens: Annotated[tuple[SecretStr, ...], Field(description="Bearer token that `--auth token` accepts.")] = ()
    token_life: Annotated[int, Field(gt=0, description="Lifetime of issued tokens in seconds.")] = 3600
    token_key: Annotated[
        SecretStr | None, Field(description="Secret for signing tokens. By default derived from the seed.")
    ] = None
    policy: Annotated[Path | None, Field(description="YAML file that defines who may call which project.")] = None
    project: Annotated[str, Field(description="Project of the dev identity and the metadata server.")] = "demo"
    state: Annotated[
        Path | None,
        Field(description="Folder for keys, which persist between runs.  [default: ~/.local/state/gemulator]"),
    ] = None
    tls: Annotated[bool, Field(description="Also serve HTTPS, including Google's host names.")] = False
    tls_port: Annotated[int, Field(ge=0, le=65535, description="Port for HTTPS; 0 picks a free port.")] = 8443
    tls_names: Annotated[tuple[str, ...], Field(description="Additional host name or address for HTTPS.")] = ()
    proxy_port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="Port of an HTTPS proxy (HTTPS_PROXY) that serves Google's hosts only."),
    ] = None
    endpoints: Annotated[
        Literal["any", "catalog"],
        Field(description="Accepted endpoint ids: `any`, or those in the catalog; others get a 404."),
    ] = "any"
    catalog: Annotated[Path | None, Field(description="YAML file with additional models and endpoints.")] = None
    cors: Annotated[
        Origins,
        Field(description="Origins allowed by CORS, separated by commas; `*` allows all."),
    ] = "*"
    openapi_limit: Annotated[int, Field(gt=0, description="Maximum body size on `endpoints/openapi` in bytes.")] = (
        20_000_000
    )
    shared_limit: Annotated[int, Field(gt=0, description="Maximum body size on shared endpoints in bytes.")] = 1_500_000
    dedicated_limit: Annotated[int, Field(gt=0, description="Maximum body size on dedicated hosts in bytes.")] = (
        10_000_000
    )
    max_values: Annotated[int, Field(ge=1, description="Maximum number of JSON values in a body.")] = 500_000
    max_depth: Annotated[int, Field(ge=2, le=200, description="Maximum nesting of a body.")] = 200
    max_messages: Annotated[int, Field(ge=1, description="Maximum number of messages of a request.")] = 20_000
    max_parts: Annotated[int, Field(ge=1, description="Maximum number of parts of a message.")] = 20_000
    max_tools: Annotated[
        int, Field(ge=0, description="Maximum number of functions of a request, except on self-deployed endpoints.")
    ] = 20_000
    max_enum: Annotated[int, Field(ge=1, description="Maximum number of values of an enum.")] = 20_000
    store: Annotated[
        StoreURL,
        Field(description="State store: `memory`, or redis://HOST:PORT/DB to share state between processes."),
    ] = "memory"
    workers: Annotated[
        int, Field(ge=1, description="Number of server processes; more than one requires a shared store.")
    ] = 1
    max_sessions: Annotated[
        int, Field(ge=2, description="Maximum number of sessions; the longest idle one is evicted.")
    ] = 1_000
    session_age: Annotated[float, Field(gt=0, description="Seconds after which an idle session is deleted.")] = 3_600
    session_from: Annotated[
        tuple[SessionSource, ...], Field(description="Place that names the session, like header:x-test-id, cookie:sid.")
    ] = ()
    journal_entries: Annotated[int, Field(ge=1, description="Maximum number of journal entries per session.")] = 1_000
    journal_bytes: Annotated[int, Field(ge=1, description="Maximum size of all journals in bytes.")] = 64_000_000
    journal_body: Annotated[
        int,
        Field(ge=0, description="Maximum size of a body in the journal in bytes, without media; larger ones are cut."),
    ] = 1_000_000
    redact: Annotated[
        Patterns,
        Field(description="Regular expression (RE2) of texts that are kept and shown nowhere, like credentials."),
    ] = ()
    admin: Annotated[Literal["on", "off"], Field(description="Serve the admin API.")] = "on"
    admin_key: Annotated[
        SecretStr | None, Field(description="Key required by the admin API in the header x-emulator-admin-key.")
    ] = None
    allow_host: Annotated[
        tuple[AllowedHost, ...], Field(description="Additional host name for calls of the admin API, or *.NAME.")
    ] = ()
    log_format: Annotated[
        Literal["auto", "plain", "json", "off"],
        Field(description="Format of the request log; `auto` is `plain`, with colours on a terminal."),
    ] = "auto"
    grace: Annotated[
        float,
        Field(ge=0, allow_inf_nan=False, description="Seconds for running streams to finish when the server stops."),
    ] = 5.0

    @field_validator("scenarios", "tokens", "tls_names", "allow_host", "session_from", "upstream_model", mode="before")
    @classmethod
    def _split(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            value = [one.strip() for one in value.split(",") if one.strip()]
        if info.field_name == "scenarios" and value in (["none"], ("none",)):
            return ()
        return (value,) if isinstance(value, os.PathLike) else value

    @field_validator(*NEVER_EMPTY, mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        values = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, str) and not one.strip() for one in values):
            raise ValueError("the value is empty: set one, or leave out the option")
        return value

    @field_validator("tokens", "tls_names", "allow_host", "session_from")
    @classmethod
    def _no_spaces(cls, values: Any) -> Any:
        check_no_spaces(texts_of(values))
        return values

    @field_validator("admin_key", "tokens")
    @classmethod
    def _validate_header_value(cls, value: SecretStr | tuple[SecretStr, ...] | None) -> Any:
        check_header_values(texts_of(value if isinstance(value, tuple) else [value] if value else []))
        return value

    @field_validator("workers")
    @classmethod
    def _validate_workers(cls, value: int, info: ValidationInfo) -> int:
        if value > 1 and info.data.get("store") == "memory":
            raise ValueError(f"{value} processes need a shared store: add --store redis://localhost:6379/0")
        if value > 1 and (info.data.get("tls") or info.data.get("proxy_port") is not None):
            raise ValueError("HTTPS and the proxy need a single process: remove --workers, or --tls and --proxy-port")
        return value

    @field_validator("speed")
    @classmethod
    def _validate_speed(cls, value: str) -> str:
        parse_speed(value)
        return value
