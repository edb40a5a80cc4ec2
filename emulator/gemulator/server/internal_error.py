"""Answer to an exception that no handler expects."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def internal_error(request: Request, error: Exception) -> Response:
    """Return a 500 that is marked as gemulator's own, so that it is not taken for the service's."""
    message = f"gemulator: internal error: {error!r}. Please report it."
    body = {"error": {"code": 500, "message": message, "status": "INTERNAL"}}
    # uvicorn closes the connection after an exception: without notice, a pooled client would send its next request.
    headers = {"x-emulator-error": "bug", "connection": "close"}
    return JSONResponse(body, 500, headers)
