"""What can be set: one frozen model, read from flags, environment and file. It reads, it starts nothing."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from gemulator.core.clock import parse_clock

UnmatchedMode: TypeAlias = Literal["generate", "error"]


def _check_clock(value: str) -> str:
    parse_clock(value)
    return value


ClockText: TypeAlias = Annotated[str, AfterValidator(_check_clock)]


def shipped_scenarios() -> Path:
    """The scenarios that come with the package: inside a wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parents[1] / "scenarios"


def default_state_dir() -> Path:
    """The user's state folder for gemulator."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "gemulator"


class SettingError(ValueError):
    """A setting that cannot be used, by its `name`, and what is `said` of it."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name}: {said}")
        self.name = name
        self.reason = said


class Settings(BaseModel):
    """Every option of `gemulator serve`, `Emulator(...)` and the container (`GEMULATOR_` variables)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(description="Address to listen on. Only this machine can reach the default.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0: any free one.")] = 8089
    scenarios: Annotated[tuple[Path, ...], Field(description="Folder (or file) of scenarios; may be repeated.")] = (
        Field(default_factory=lambda: (shipped_scenarios(),))
    )
    reload: Annotated[
        bool,
        Field(description="Whether a saved scenario is live at once. `serve` does so on a terminal, unless told."),
    ] = False
    unmatched: Annotated[
        UnmatchedMode,
        Field(description="What a request gets that no turn fits: an invented answer, or a 400 that says why."),
    ] = "generate"
    seed: Annotated[str, Field(coerce_numbers_to_str=True, description="Decides every word, id and jitter.")] = "0"
    clock: Annotated[
        ClockText, Field(description="`real`, or a moment like 2026-02-11T22:54:21Z at which the clock stands still.")
    ] = "real"
    ids: Annotated[
        Literal["unique", "stable"], Field(description="Whether a repeated request gets a new id or the same one.")
    ] = "unique"
    speed: Annotated[
        str,
        Field(
            description="`authored` keeps written pacing, `realistic` adds the model's own for the rest;"
            " a number divides all waits, 0 removes them."
        ),
    ] = "authored"
    quota: Annotated[
        str,
        Field(description="What a session may use of each model, like `requests_per_minute: 60`."),
    ] = "none"
    wire: Annotated[
        Literal["faithful", "sdk-safe"],
        Field(
            description="How streams of calls are worded: as documented, or so that SDK stream helpers can join them."
        ),
    ] = "faithful"
    models: Annotated[
        Literal["any", "catalog"],
        Field(description="Whether only the catalog's models exist; any other is Google's 404 then."),
    ] = "any"
    strict_params: Annotated[bool, Field(description="Refuse parameters that Google does not list.")] = False
    strict_media: Annotated[bool, Field(description="Refuse media that do not decode.")] = False
    signatures: Annotated[
        Literal["enforce", "strict", "warn", "off"],
        Field(
            description="Thought signatures in the history: `enforce` refuses where one is missing, `strict` foreign"
            " and altered ones too, `warn` only says so in a header."
        ),
    ] = "enforce"
    tool_index: Annotated[
        Literal["documented", "sequential", "all-zero", "gap", "missing"],
        Field(description="The index of calls in a stream: as documented, or some other way to test clients with."),
    ] = "documented"
    fragment: Annotated[
        str,
        Field(
            pattern=r"^(json|token|whole|size:[1-9]\d{0,5})$",
            description="How streamed arguments are cut: `json` as documented, `token`, `size:N` characters, `whole`.",
        ),
    ] = "json"
    emulator_headers: Annotated[bool, Field(description="Whether answers carry `x-emulator-` headers.")] = True
    auth: Annotated[
        Literal["any", "open", "token"],
        Field(
            description="`any`: every non-empty bearer token; `open`: none is needed; `token`: a live token of"
            " gemulator's own, or one named with --tokens."
        ),
    ] = "any"
    tokens: Annotated[
        tuple[SecretStr, ...], Field(description="A bearer token that `--auth token` accepts; may be repeated.")
    ] = ()
    token_life: Annotated[int, Field(gt=0, description="Seconds until a token of the token service expires.")] = 3600
    token_key: Annotated[
        SecretStr | None, Field(description="Secret behind the tokens; made from the seed if left out.")
    ] = None
    policy: Annotated[Path | None, Field(description="A YAML file that says who may call which project.")] = None
    project: Annotated[str, Field(description="Project of the dev identity and of the metadata server.")] = "demo"
    state: Annotated[
        Path | None,
        Field(description="Folder of the keys, kept between runs.  [default: ~/.local/state/gemulator]"),
    ] = None
    tls: Annotated[bool, Field(description="Serve HTTPS beside HTTP, under Google's host names too.")] = False
    tls_port: Annotated[int, Field(ge=0, le=65535, description="Port of HTTPS; 0: any free one.")] = 8443
    tls_names: Annotated[
        tuple[str, ...], Field(description="A further name (or address) for HTTPS; may be repeated.")
    ] = ()
    proxy_port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="Port of a proxy (HTTPS_PROXY) that knows Google's hosts and no others."),
    ] = None
    endpoints: Annotated[
        Literal["any", "catalog"],
        Field(description="Which endpoint ids exist: `any`, or those that the `catalog` names; others are 404."),
    ] = "any"
    catalog: Annotated[Path | None, Field(description="A YAML file of further models and endpoints.")] = None
    cors: Annotated[str, Field(description="Origins that may read answers in a browser, with commas; `*`: all.")] = "*"
    openapi_limit: Annotated[int, Field(gt=0, description="Largest body on `endpoints/openapi`, in bytes.")] = (
        20_000_000
    )
    shared_limit: Annotated[int, Field(gt=0, description="Largest body on a shared endpoint, in bytes.")] = 1_500_000
    dedicated_limit: Annotated[int, Field(gt=0, description="Largest body on a dedicated host, in bytes.")] = 10_000_000
    store: Annotated[
        str, Field(description="Where state lives: `memory`, or redis://HOST:PORT/DB to share it between processes.")
    ] = "memory"
    workers: Annotated[int, Field(ge=1, description="Processes that serve; more than one need a shared store.")] = 1
    max_sessions: Annotated[int, Field(ge=2, description="Sessions that are kept; the one idle longest goes.")] = 1_000
    session_age: Annotated[float, Field(gt=0, description="Seconds after which an idle session is forgotten.")] = 3_600
    journal_entries: Annotated[int, Field(ge=1, description="Journal entries that a session keeps.")] = 1_000
    journal_bytes: Annotated[int, Field(ge=1, description="Bytes that all journals together keep.")] = 64_000_000
    journal_body: Annotated[
        int, Field(ge=0, description="Largest body that a journal keeps whole; of others the hash and this much.")
    ] = 64_000
    admin: Annotated[Literal["on", "off"], Field(description="Whether the admin API is served.")] = "on"
    admin_key: Annotated[
        SecretStr | None, Field(description="What x-emulator-admin-key must say for the admin API to answer.")
    ] = None
    allow_host: Annotated[
        tuple[str, ...],
        Field(description="A further host name under which the admin API may be called; may be repeated."),
    ] = ()
    log_format: Annotated[
        Literal["auto", "plain", "json", "off"],
        Field(description="One line a request; `auto`: coloured on a terminal."),
    ] = "auto"
    grace: Annotated[
        float, Field(ge=0, allow_inf_nan=False, description="Seconds that running streams get when the server stops.")
    ] = 5.0

    @classmethod
    def of(cls, **given: Any) -> Self:
        """These, and for the rest what is usual. WrongSetting."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            from difflib import get_close_matches

            near = get_close_matches(name, cls.model_fields, 1)
            raise SettingError(name, "there is no such setting" + (f": did you mean `{near[0]}`?" if near else ""))
        raise SettingError(name, first["msg"].removeprefix("Value error, "))

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        wrong = ValueError(f"{value!r} is no store: write `memory`, or like redis://localhost:6379/0")
        if value != "memory" and not value.startswith(("redis://", "rediss://", "unix://")):
            raise wrong
        try:
            _ = urlsplit(value).port
        except ValueError:
            raise wrong from None
        return value

    @field_validator("cors")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in filter(None, map(str.strip, value.split(","))):
            if origin not in {"*", "null"} and not re.fullmatch(r"[^:/\s]+://[^/\s]+", origin):
                raise ValueError(f"{origin!r} is no origin: write `*`, or like http://localhost:5173")
        return value

    @field_validator("admin_key", "tokens")
    @classmethod
    def _sendable(cls, value: SecretStr | tuple[SecretStr, ...] | None) -> Any:
        texts = [secret.get_secret_value() for secret in (value if isinstance(value, tuple) else (value,)) if secret]
        if not all(text.isascii() and text.isprintable() and text == text.strip() for text in texts):
            raise ValueError("no header can carry it: write printable ASCII, without spaces around it")
        return value

    @field_validator("workers")
    @classmethod
    def _shared(cls, value: int, info: ValidationInfo) -> int:
        if value > 1 and info.data.get("store") == "memory":
            raise ValueError(f"{value} processes need a shared store: add --store redis://localhost:6379/0")
        if value > 1 and (info.data.get("tls") or info.data.get("proxy_port") is not None):
            raise ValueError("HTTPS and the proxy are served by one process: leave out --tls and --proxy-port")
        return value

    @field_validator("speed")
    @classmethod
    def _speed(cls, value: str) -> str:
        parse_speed(value)
        return value


def parse_speed(text: str) -> tuple[bool, float]:
    """Whether the catalog's pace is added where none is written, and what divides all waits (0: none is left)."""
    if text in {"authored", "realistic"}:
        return text == "realistic", 1.0
    try:
        factor = float(text)
    except ValueError:
        factor = -1.0
    if not 0 <= factor < float("inf"):
        raise ValueError(f"{text!r} is no speed: write `authored`, `realistic`, or a number from 0 up")
    return True, factor
