"""Refusals of Google's front end: endpoint, credentials, quota, server errors (fidelity.md, §6)."""

from typing import Any

from gemulator.core.plan import CANCELLED
from gemulator.service.refusals.refusal import Refusal

_SIGN_IN = "See https://developers.google.com/identity/sign-in/web/devconsole-project."
_EXPECTED_TOKEN = f"Expected OAuth 2 access token, login cookie or other valid authentication credential. {_SIGN_IN}"
_METHOD = "google.cloud.aiplatform.{version}.PredictionService.ChatCompletions"
_CALLED = {"method": _METHOD, "service": "aiplatform.googleapis.com"}
_RESOURCE = "//aiplatform.googleapis.com/projects/{project}/locations/{location}/endpoints/{endpoint}"


def _info(reason: str, domain: str, **metadata: str) -> tuple[dict[str, Any], ...]:
    info: dict[str, Any] = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain}
    return (info | ({"metadata": metadata} if metadata else {}),)


OTHERS = (
    Refusal(
        "dedicated-endpoint",
        400,
        "FAILED_PRECONDITION",
        "Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com. Please"
        " access the endpoint using its dedicated domain name '{domain}'",
        "the endpoint is dedicated, but the request came to the shared host",
        "use the host name {domain}",
        defaults={"domain": "1234567890.us-central1-123456789012.prediction.vertexai.goog"},
    ),
    Refusal(
        "bad-token",
        401,
        "UNAUTHENTICATED",
        f"Request had invalid authentication credentials. {_EXPECTED_TOKEN}",
        "the token is none that this server takes",
        "fetch one from gemulator's token service, or give it with --tokens",
        _info("ACCESS_TOKEN_TYPE_UNSUPPORTED", "googleapis.com", **_CALLED),
    ),
    Refusal(
        "expired-token",
        401,
        "UNAUTHENTICATED",
        f"Request had invalid authentication credentials. {_EXPECTED_TOKEN}",
        "the token has expired",
        "fetch a new one",
        _info("ACCESS_TOKEN_EXPIRED", "googleapis.com", **_CALLED),
    ),
    Refusal(
        "missing-token",
        401,
        "UNAUTHENTICATED",
        f"Request is missing required authentication credential. {_EXPECTED_TOKEN}",
        "the request has no bearer token",
        "send any bearer token, or start gemulator with --auth open",
        _info("CREDENTIALS_MISSING", "googleapis.com", **_CALLED),
    ),
    Refusal(
        "api-key",
        401,
        "UNAUTHENTICATED",
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that"
        " assert a principal. See https://cloud.google.com/docs/authentication",
        "the request has an API key instead of a token",
        "send the key as a bearer token, as OpenAI clients do, or use a token of gemulator's token service",
        _info("CREDENTIALS_MISSING", "googleapis.com", **_CALLED),
    ),
    Refusal(
        "no-permission",
        403,
        "PERMISSION_DENIED",
        f"Permission 'aiplatform.endpoints.predict' denied on resource '{_RESOURCE}' (or it may not exist).",
        "the --policy file does not let this identity use project {project}",
        "add the project to the identity there",
        _info(
            "IAM_PERMISSION_DENIED",
            "aiplatform.googleapis.com",
            permission="aiplatform.endpoints.predict",
            resource=_RESOURCE.removeprefix("//aiplatform.googleapis.com/"),
        ),
    ),
    Refusal(
        "project-denied",
        403,
        "PERMISSION_DENIED",
        "Permission denied on resource project {project}.",
        "the --policy file does not list project {project}",
        "add it there, or use another project",
        _info("CONSUMER_INVALID", "googleapis.com", consumer="projects/{project}", service="aiplatform.googleapis.com"),
    ),
    Refusal(
        "api-disabled",
        403,
        "PERMISSION_DENIED",
        "Vertex AI API has not been used in project {project} before or it is disabled. Enable it by visiting"
        " https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project={project} then"
        " retry.",
        "the --policy file disables the API in project {project}",
        "take it out there, or use another project",
        _info("SERVICE_DISABLED", "googleapis.com", consumer="projects/{project}", service="aiplatform.googleapis.com"),
    ),
    Refusal(
        "model-not-found",
        404,
        "NOT_FOUND",
        "Publisher Model `projects/{project}/locations/{location}/publishers/{publisher}/models/{model}` was not found"
        " or your project does not have access to it. Please ensure you are using a valid model version. For more"
        " information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
        "{publisher}/{model} is not served at {location}",
        "use a location that serves it, or another model",
    ),
    Refusal(
        "endpoint-not-found",
        404,
        "NOT_FOUND",
        "Endpoint `projects/{project}/locations/{location}/endpoints/{endpoint}` not found.",
        "the catalog has no endpoint {endpoint} at {location}",
        "add it with --catalog FILE, or start gemulator with --endpoints any",
    ),
    Refusal(
        "timeout",
        408,
        "DEADLINE_EXCEEDED",
        "The request timed out.",
        "the request took too long",
        "retry with growing pauses",
    ),
    Refusal(
        "aborted", 409, "ABORTED", "The operation was aborted.", "the request was aborted", "retry with growing pauses"
    ),
    Refusal(
        "exhausted",
        429,
        "RESOURCE_EXHAUSTED",
        "Resource exhausted. Please try again later. Please refer to"
        " https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
        "the quota is used up",
        "wait and retry with growing pauses; --quota and x-emulator-quota set it",
    ),
    Refusal(
        "cancelled", CANCELLED.status, CANCELLED.code, CANCELLED.message, "the request was cancelled", "send it again"
    ),
    Refusal(
        "internal", 500, "INTERNAL", "Internal error encountered.", "the service failed", "retry with growing pauses"
    ),
    Refusal(
        "unknown",
        500,
        "UNKNOWN",
        "Unknown error encountered.",
        "the service failed for unknown reasons",
        "retry with growing pauses",
    ),
    Refusal(
        "unimplemented",
        501,
        "UNIMPLEMENTED",
        "Operation is not implemented, or supported, or enabled.",
        "the operation does not exist",
        "use another",
    ),
    Refusal(
        "unavailable",
        503,
        "UNAVAILABLE",
        "The service is currently unavailable.",
        "the service is not available",
        "retry with growing pauses",
    ),
    Refusal(
        "deadline",
        504,
        "DEADLINE_EXCEEDED",
        "Deadline expired before operation could complete.",
        "the service did not answer in time",
        "retry with growing pauses",
    ),
)
