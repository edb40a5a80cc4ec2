"""Typed keyword arguments of `Emulator(…)`."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypeAlias, TypedDict

from gemulator.core.settings import UnmatchedMode

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
