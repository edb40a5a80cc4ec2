"""Endpoint resource: `GET …/endpoints/{ID}`."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gemulator.core.headers import Headers
from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.dialects import FRONT_END, refusal
from gemulator.engine.engine import Engine
from gemulator.engine.response_headers import add_emulator_headers
from gemulator.request.target import Target
from gemulator.server.auth.identity import Authenticator
from gemulator.service.catalog import Endpoint, dedicated_host, project_number, resource_name

_CREATED = "2026-01-05T09:30:00.000000Z"  # any constant: an emulated endpoint has no deployment time


async def describe(request: Request) -> Response:
    """Return the Endpoint resource, with the DNS name if the endpoint is dedicated (fidelity.md, Endpoints)."""
    target = Target(**request.path_params)
    if target.version not in {"v1", "v1beta1"} or target.shared or ":" in target.endpoint:
        raise HTTPException(404)
    engine: Engine = request.app.state.engine
    authenticator: Authenticator = request.app.state.authenticator
    caller = authenticator.caller(Headers(dict(request.scope["headers"])), target)
    found = caller if isinstance(caller, Failure) else engine.catalog.endpoint(target)
    if isinstance(found, Failure):
        head, chunk = refusal(FRONT_END, found, target)
        if engine.settings.emulator_headers:
            head = add_emulator_headers(head, hint=found.hint)
        return Response(chunk.data, head.status, Headers(dict(head.headers)))
    body = orjson.dumps(_endpoint_resource(found, target), option=orjson.OPT_INDENT_2)
    return Response(body, headers=Headers(dict(FRONT_END.headers)))


def _endpoint_resource(endpoint: Endpoint, target: Target) -> dict[str, Any]:
    name, seed = resource_name(target), Seed.root("endpoint", resource_name(target))
    deployed = str(seed.child("deployed").between(10**17, 10**18 - 1))
    parent = f"projects/{project_number(target.project)}/locations/{target.location}"
    model = {
        "id": deployed,
        "model": f"{parent}/models/{seed.child('model').between(10**17, 10**18 - 1)}",
        "displayName": endpoint.profile.served or target.endpoint,
        "createTime": _CREATED,
        "modelVersionId": "1",
    }
    dedicated = {"dedicatedEndpointEnabled": True, "dedicatedEndpointDns": dedicated_host(target)}
    return {
        "name": name,
        "displayName": target.endpoint,
        "deployedModels": [model],
        "trafficSplit": {deployed: 100},
        "etag": seed.child("etag").bytes(12).hex(),
        "createTime": _CREATED,
        "updateTime": _CREATED,
        **(dedicated if endpoint.dedicated else {}),
    }
