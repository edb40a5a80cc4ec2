"""."""

from collections.abc import Mapping

from msgspec import Struct

from gemulator.request.target import Caller, Target


class IncomingRequest(Struct, frozen=True, gc=False):
    """A request as it came: body, path, headers by lower-case name, and how many others are being answered."""

    body: bytes
    path: str
    target: Target
    headers: Mapping[bytes, bytes]
    caller: Caller
    others: int = 0
