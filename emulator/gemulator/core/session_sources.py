"""Places in a request that name its session, and host names with a wildcard."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated, TypeAlias
from urllib.parse import parse_qs, unquote

from msgspec import Struct
from pydantic import AfterValidator

from gemulator.core.headers import Headers
from gemulator.core.secrets import is_credential

_KINDS = ("header", "cookie", "query", "baggage")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of HTTP
_SECRET = re.compile(r"(?:^|[-_])auth(?:[-_]|$)|signature|^sig$")  # in a query
_HOST = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*\.?", re.ASCII)


class _Source(Struct, frozen=True):
    kind: str
    name: str

    @classmethod
    def of(cls, text: str) -> "_Source":
        """Parse a source like `header:x-test-id`. Raises ValueError."""
        kind, colon, name = text.partition(":")
        if kind not in _KINDS or not colon or not _NAME.fullmatch(name):
            example = "header:x-test-id, cookie:sid, query:session or baggage:test"
            raise ValueError(f"{text!r} is not a place of a request: use one like {example}")
        if is_credential(name.lower()) or _SECRET.search(name.lower()):
            raise ValueError(f"{text!r}: the session is named in the journal, which keeps no credentials")
        return cls(kind, name)

    def find(self, headers: Headers, query: str) -> str:
        """Return the session that a request names here, empty if it does not."""
        if self.kind == "header":
            return headers.get(self.name, "").strip()
        if self.kind == "query":
            return next(iter(parse_qs(query, max_num_fields=_MAX_FIELDS).get(self.name, ())), "")
        separator, header = (";", "cookie") if self.kind == "cookie" else (",", "baggage")
        for pair in headers.get(header, "").split(separator):
            name, _, value = pair.partition("=")
            if name.strip() == self.name:
                return _unquoted(value.partition(";")[0].strip())
        return ""


_MAX_FIELDS = 1_000  # of a query


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return unquote(value[1:-1] if quoted else value)


def named_session(sources: Sequence[str], headers: Headers, query: str) -> str:
    """Return the session of the first source that names one, empty if none does."""
    for text in sources:
        found = _Source.of(text).find(headers, query)
        if found:
            return found
    return ""


def _check_source(text: str) -> str:
    _Source.of(text)
    return text


def _check_host(name: str) -> str:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        if not _HOST.fullmatch(name) and not re.search(r"\s", name):  # of white space the settings tell
            example = "use a name like gemulator.test, or *.svc.cluster.local for all names below one"
            raise ValueError(f"{name!r} is not a host name: {example}") from None
    return name


SessionSource: TypeAlias = Annotated[str, AfterValidator(_check_source)]
AllowedHost: TypeAlias = Annotated[str, AfterValidator(_check_host)]


def host_is_allowed(name: str, allowed: Sequence[str]) -> bool:
    """Return True for an allowed host name, or one below the name of a wildcard; a dot at the end does not count."""
    name, allowed = name.removesuffix("."), [one.removesuffix(".") for one in allowed]
    return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed)
