"""Failures of an upstream in gemulator's words."""

from gemulator.core.plan import Failure, own_failure

_CHECK = "check that the server at --upstream runs and is reachable from here"


class UpstreamError(Exception):
    """Raised if the upstream gives no usable answer; `failure` is gemulator's refusal."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


def bad_gateway(name: str, cause: str, remedy: str = _CHECK) -> UpstreamError:
    """Return the error of an upstream that cannot be used: 502."""
    return _error(name, cause, remedy, 502, "UNAVAILABLE")


def timed_out(name: str, seconds: float) -> UpstreamError:
    """Return the error of an upstream that is silent: 504."""
    remedy = "raise --upstream-timeout, or check the server at --upstream"
    return _error(name, f"no answer within {seconds:g} seconds", remedy, 504, "DEADLINE_EXCEEDED")


def _error(name: str, cause: str, remedy: str, status: int, code: str) -> UpstreamError:
    message = f"the upstream {name} failed: {cause}. To go on: {remedy}."
    return UpstreamError(own_failure(message, f"the upstream {name} failed: {cause}", remedy, status=status, code=code))
