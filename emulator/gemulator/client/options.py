"""Typed keyword arguments of emulators and sessions."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, TypeAlias, TypedDict

from gemulator.client.turn_fields import DurationValue, with_durations
from gemulator.core.settings import (
    RecordMode,
    SessionUnmatchedMode,
    Signatures,
    StreamUsage,
    Strictness,
    ToolCalls,
    ToolIndex,
    UnmatchedMode,
    Wire,
)

FilePath: TypeAlias = str | PathLike[str]


class Options(TypedDict, total=False):
    """Every field of Settings except `project`, which is a parameter of its own."""

    host: str
    port: int
    scenarios: FilePath | Sequence[FilePath]
    reload: bool
    unmatched: UnmatchedMode
    upstream: str
    upstream_model: Sequence[str]
    upstream_auth: str
    upstream_timeout: float
    forward_limit: int
    record: FilePath
    record_mode: RecordMode
    seed: str | int
    clock: str
    ids: Literal["unique", "stable"]
    speed: str
    quota: str
    wire: Wire
    models: Literal["any", "catalog"]
    strictness: Strictness
    strict_params: bool
    strict_media: bool
    signatures: Signatures
    tool_index: ToolIndex
    fragment: str
    calls_per_delta: int
    stream_usage: StreamUsage
    tool_calls: ToolCalls
    emulator_headers: bool
    auth: Literal["any", "open", "token"]
    tokens: Sequence[str]
    token_life: int
    token_key: str
    policy: FilePath
    state: FilePath
    tls: bool
    tls_port: int
    tls_names: Sequence[str]
    proxy_port: int
    endpoints: Literal["any", "catalog"]
    catalog: FilePath
    cors: str
    openapi_limit: int
    shared_limit: int
    dedicated_limit: int
    max_values: int
    max_depth: int
    max_messages: int
    max_parts: int
    max_tools: int
    max_enum: int
    store: str
    workers: int
    max_sessions: int
    session_age: float
    session_from: Sequence[str]
    journal_entries: int
    journal_bytes: int
    journal_body: int
    redact: str | Sequence[str]
    admin: Literal["on", "off"]
    admin_key: str
    allow_host: Sequence[str]
    log_format: Literal["auto", "plain", "json", "off"]
    grace: float


class SessionOptions(TypedDict, total=False):
    """Settings of a session. One that is omitted or None is the server's.

    `fault`, `pacing` and `quota` are lines as in headers, or the mappings that scenarios have under these keys.
    """

    seed: str | int | None
    clock: str | datetime | None
    unmatched: SessionUnmatchedMode | None
    strictness: Strictness | None
    signatures: Signatures | None
    wire: Wire | None
    tool_index: ToolIndex | None
    fragment: str | None
    calls_per_delta: int | None
    stream_usage: StreamUsage | None
    tool_calls: ToolCalls | None
    speed: str | float | None
    fault: str | Mapping[str, Any] | None
    pacing: str | Mapping[str, Any] | None
    quota: str | Mapping[str, Any] | None
    error: int | str | Mapping[str, Any] | None


class ChaosOptions(TypedDict, total=False):
    """Chaos of a session: lines as in headers, or the mappings that scenarios have under these keys.

    `error` is the answer before any turn: a status or a name of docs/errors.md. `requests` and `lasts` limit all of it.
    """

    fault: str | Mapping[str, Any] | None
    pacing: str | Mapping[str, Any] | None
    quota: str | Mapping[str, Any] | None
    error: int | str | Mapping[str, Any] | None
    requests: int | None
    lasts: DurationValue | None


def session_settings(options: SessionOptions) -> Mapping[str, Any]:
    """Return the options that are set, as the admin API takes them."""
    return {name: as_setting(value) for name, value in options.items() if value is not None}


def as_setting(value: Any) -> Any:
    """Return a datetime in ISO format, a number as text and a mapping as JSON; other values stay."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(with_durations(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
