"""JSON view of the request to an upstream."""

from typing import TypedDict

from gemulator.state.journal.entry import Finished


class UpstreamView(TypedDict):
    """Request to an upstream: seconds to the first byte of its answer, bytes, and the error if it failed."""

    name: str
    ttft: float | None
    bytes: int
    error: str | None


def upstream_view(finished: Finished | None) -> UpstreamView | None:
    """Return the view of the end of a delivery; None if no upstream answered."""
    end = finished.upstream if finished else None
    return UpstreamView(name=end.name, ttft=end.first, bytes=end.bytes, error=end.error or None) if end else None
