"""Incoming chat request."""

from collections.abc import Mapping

from msgspec import Struct

from gemulator.request.target import Caller, Target


class IncomingRequest(Struct, frozen=True, gc=False):
    """A chat request as received. Header names are lower case; `others` is the number of answers in progress."""

    body: bytes
    path: str
    target: Target
    headers: Mapping[bytes, bytes]
    caller: Caller
    others: int = 0
