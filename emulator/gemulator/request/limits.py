"""Limits on the structure of a request, checked before answering."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from gemulator.core.errors import RequestError
from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure, own_failure
from gemulator.request.parsed import ParsedRequest
from gemulator.request.parser import is_deeper

_PROTO = "The GenerateContentRequest proto is invalid:\n  * "
_SERVICE_TOOLS = 512  # of the service; the rule `too-many-functions` refuses more, unless strictness is lenient
_MIN_VALUE_BYTES = 2  # of a value and its comma: no body of fewer bytes a value exceeds a limit


class RequestLimits(Struct, frozen=True, dict=True):
    """Maximum numbers in one request. They are fields of Settings with the prefix `max_`."""

    values: int = 500_000
    depth: int = 200
    messages: int = 20_000
    parts: int = 20_000
    tools: int = 20_000
    enum: int = 20_000

    @cached_property
    def harmless(self) -> int:
        """Size in bytes up to which no body exceeds a limit; the parser itself enforces the default depth."""
        numbers = [self.values, self.messages, self.parts, self.tools, self.enum]
        return _MIN_VALUE_BYTES * min(numbers if self.depth >= _PARSED_DEPTH else [*numbers, self.depth])


_PARSED_DEPTH = RequestLimits().depth


def check_bytes(raw: bytes, limits: RequestLimits) -> None:
    """Raise RequestError if a body has too many values. Nothing is parsed for it."""
    found = _count_values(raw, limits.values)
    if found > limits.values:
        raise _too_many("values", found, limits.values, "JSON values in the body")


def check_request(parsed: ParsedRequest, limits: RequestLimits, *, shared: bool) -> None:
    """Raise RequestError if a parsed request exceeds a limit. That of tools holds on `shared` targets only."""
    request, size = parsed.request, len(parsed.raw)
    if len(request.messages) > limits.messages:
        raise _too_many("messages", len(request.messages), limits.messages, "messages")
    functions = max(len(request.tools or ()), len(request.functions or ()))
    if shared and functions > limits.tools:
        raise _too_many_tools(functions, limits.tools)
    contents = [message.content for message in request.messages if isinstance(message.content, list)]
    parts = max(map(len, contents), default=0)
    if parts > limits.parts:
        raise _too_many("parts", parts, limits.parts, "parts in one message")
    if size > _MIN_VALUE_BYTES * limits.enum:
        members = max(_enum_sizes(parsed.envelope.body), default=0)
        if members > limits.enum:
            raise _too_many("enum", members, limits.enum, "values in one enum")
    if limits.depth < _PARSED_DEPTH and is_deeper(parsed.tree, limits.depth):
        message = f"the body is nested deeper than {limits.depth} levels. Nest less, or raise --max-depth."
        raise RequestError(own_failure(message))


def _too_many(name: str, found: int, limit: int, noun: str) -> RequestError:
    message = f"the request has {found} {noun}; the limit is {limit}. Send fewer, or raise --max-{name}."
    return RequestError(own_failure(message))


def _too_many_tools(found: int, limit: int) -> RequestError:
    """Return the service's refusal (fidelity.md, Refusals), with our cause and remedy."""
    place = "tools[0].function_declarations: [FIELD_INVALID]"
    text = f"{_PROTO}{place} At most {min(limit, _SERVICE_TOOLS)} function declarations can be specified."
    cause = f"the request has {found} functions; --max-tools is {limit}"
    remedy = "offer fewer, or raise --max-tools"
    return RequestError(Failure(400, "INVALID_ARGUMENT", text, cause=cause, remedy=remedy, name="too-many-functions"))


def _count_values(raw: bytes, limit: int) -> int:
    """Return at least the number of values in a JSON text; an empty container counts twice."""
    if _count_separators([raw]) <= limit:
        return 0  # even with those inside of texts
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    texts = unescaped.count(b'"') // 2
    if texts > 2 * limit:
        return texts // 2  # each is a value, or the key of one
    return _count_separators(unescaped.split(b'"')[::2])


def _count_separators(pieces: Sequence[bytes]) -> int:
    joined = b"".join(pieces)
    return joined.count(b",") + joined.count(b"[") + joined.count(b"{") + 1


def _enum_sizes(tree: JSON) -> Iterator[int]:
    """Yield the number of members of each `enum`."""
    remaining = [tree]
    while remaining:
        node = remaining.pop()
        if isinstance(node, dict):
            members = node.get("enum")
            if isinstance(members, list):
                yield len(members)
            remaining += node.values()
        elif isinstance(node, list):
            remaining += node
