"""."""

import re
from functools import lru_cache

from msgspec import Struct


class Target(Struct, frozen=True):
    """Where a request was sent: the parts of its path, and the host name where it is an endpoint's own."""

    version: str
    project: str
    location: str
    endpoint: str
    host: str = ""

    @property
    def shared(self) -> bool:
        """Whether this is `endpoints/openapi`, where Gemini and the partner models are served."""
        return self.endpoint == "openapi"


class Caller(Struct, frozen=True):
    """Who asks, and what their headers override. None: as the settings say."""

    session: str = "default"
    seed: str | None = None
    scenario: str | None = None
    wire: str | None = None
    speed: str | None = None
    fault: str | None = None
    pacing: str | None = None
    quota: str | None = None


_CHAT = re.compile(r"/(v1|v1beta1)/projects/([^/]+)/locations/([^/]+)/endpoints/([^/]+)/chat/completions/?")


@lru_cache(maxsize=1024)
def target_of(path: str) -> Target | None:
    """The target of a chat request, None where the path is no chat route."""
    found = _CHAT.fullmatch(path)
    return Target(*found.groups()) if found else None
