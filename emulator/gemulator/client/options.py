"""Typed keyword arguments of emulators and sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, TypeAlias, TypedDict

from gemulator.core.settings import Strictness, UnmatchedMode

FilePath: TypeAlias = str | PathLike[str]


class Options(TypedDict, total=False):
    """Every field of Settings except `project`, which is a parameter of its own."""

    host: str
    port: int
    scenarios: FilePath | Sequence[FilePath]
    reload: bool
    unmatched: UnmatchedMode
    seed: str | int
    clock: str
    ids: Literal["unique", "stable"]
    speed: str
    quota: str
    wire: Literal["faithful", "sdk-safe"]
    models: Literal["any", "catalog"]
    strictness: Strictness
    strict_params: bool
    strict_media: bool
    signatures: Literal["enforce", "strict", "warn", "off"]
    tool_index: Literal["documented", "sequential", "all-zero", "gap", "missing"]
    fragment: str
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
    journal_entries: int
    journal_bytes: int
    journal_body: int
    admin: Literal["on", "off"]
    admin_key: str
    allow_host: Sequence[str]
    log_format: Literal["auto", "plain", "json", "off"]
    grace: float


class SessionOptions(TypedDict, total=False):
    """Settings of a session. One that is omitted or None is the server's."""

    seed: str | int | None
    clock: str | datetime | None
    unmatched: UnmatchedMode | None
    strictness: Strictness | None


def session_settings(options: SessionOptions) -> Mapping[str, Any]:
    """Return the options that are set, as the admin API takes them."""
    return {name: as_setting(value) for name, value in options.items() if value is not None}


def as_setting(value: Any) -> Any:
    """Return a datetime in ISO format and a number as text; other values stay."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
