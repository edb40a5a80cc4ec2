"""Google's own words for each error status (fidelity.md, Errors)."""

from collections.abc import Sequence
from typing import Any

from emulator.plan import Failure

_WORDS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: (
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
        " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    ),
    403: (
        "PERMISSION_DENIED",
        "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).",
    ),
    404: ("NOT_FOUND", "Requested entity was not found."),
    408: ("DEADLINE_EXCEEDED", "The request timed out."),
    409: ("ABORTED", "The operation was aborted."),
    429: (
        "RESOURCE_EXHAUSTED",
        "Resource exhausted. Please try again later. Please refer to"
        " https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
    ),
    499: ("CANCELLED", "The operation was cancelled."),
    500: ("INTERNAL", "Internal error encountered."),
    501: ("UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}


def refusal(
    status: int,
    message: str | None = None,
    code: str | None = None,
    details: Sequence[dict[str, Any]] | None = None,
    retry_after: float | None = None,
) -> Failure:
    """The refusal with `status`; what is None is as Google words it."""
    usual = _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    return Failure(status, code or usual[0], message or usual[1], tuple(details or ()), retry_after)
