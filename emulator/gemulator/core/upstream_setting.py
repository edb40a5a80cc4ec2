"""Values of the options that name an upstream and its credentials."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import AfterValidator

from gemulator.core.urls import redact_url

UpstreamKind: TypeAlias = Literal["vertex", "openai"]
_KINDS: Sequence[UpstreamKind] = ("vertex", "openai")
_USE = "use `vertex`, vertex=URL, or openai=URL like openai=http://localhost:11434/v1"


class Upstream(Struct, frozen=True):
    """A server that answers requests. An empty `url` is that of Google, by location."""

    kind: UpstreamKind
    url: str = ""

    @property
    def name(self) -> str:
        """Return the name in journal and metrics."""
        return f"{self.kind}={self.url}" if self.url else self.kind


def parse_upstream(text: str) -> Upstream:
    """Return the upstream of an option. Raises ValueError."""
    name, given, url = text.partition("=")
    kind = next((kind for kind in _KINDS if kind == name), None)
    if kind is None or (not given and kind == "openai"):
        raise ValueError(f"{redact_url(text)!r} is not an upstream: {_USE}")
    if given:
        _check_url(url)
    return Upstream(kind, url.rstrip("/"))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{redact_url(url)!r} is not the URL of a server: {_USE}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL has a user or password: name a variable with --upstream-auth env:NAME instead")


def check_upstream(text: str) -> str:
    """Check and return the text of an upstream."""
    parse_upstream(text)
    return text


def check_upstream_auth(text: str) -> str:
    """Check and return the source of credentials."""
    if text not in {"caller", "adc", "none"} and not re.fullmatch(r"env:[A-Za-z_]\w*", text, re.ASCII):
        raise ValueError(f"{text!r} is no source of credentials: use caller, adc, none or env:NAME of a variable")
    return text


def check_upstream_models(pairs: tuple[str, ...]) -> tuple[str, ...]:
    """Check and return names of models as `A=B`."""
    for pair in pairs:
        if not all(part.strip() for part in pair.partition("=")):
            raise ValueError(f"{pair!r} names no two models: write google/gemini-2.5-flash=llama3.2")
    return pairs


def upstream_models(pairs: Sequence[str]) -> Mapping[str, str]:
    """Return the model of the upstream for each name or glob of a request."""
    return {asked: meant for asked, _, meant in (pair.partition("=") for pair in pairs)}


UpstreamText: TypeAlias = Annotated[str, AfterValidator(check_upstream)]
UpstreamAuth: TypeAlias = Annotated[str, AfterValidator(check_upstream_auth)]
UpstreamModels: TypeAlias = Annotated[tuple[str, ...], AfterValidator(check_upstream_models)]
