"""Targets of requests: the parts of the path and the caller."""

import re

from msgspec import Struct

from gemulator.core.overrides import NO_OVERRIDES, Overrides
from gemulator.core.text_cache import cache_texts


class Target(Struct, frozen=True):
    """Target of a request: the parts of its path, and the host name if the endpoint is dedicated."""

    version: str
    project: str
    location: str
    endpoint: str
    host: str = ""

    @property
    def shared(self) -> bool:
        """True for `endpoints/openapi`, which serves Gemini and the partner models."""
        return self.endpoint == "openapi"


class Caller(Struct, frozen=True):
    """Session and settings of a request. `error` is the mistake in gemulator's headers, empty if there is none."""

    session: str = "default"
    settings: Overrides = NO_OVERRIDES
    error: str = ""


_CHAT = re.compile(r"/(v1|v1beta1)/projects/([^/]+)/locations/([^/]+)/endpoints/([^/]+)/chat/completions/?")


@cache_texts(1_024, 500)
def target_of(path: str) -> Target | None:
    """Return the target of a chat path, or None for any other path."""
    found = _CHAT.fullmatch(path)
    return Target(*found.groups()) if found else None
