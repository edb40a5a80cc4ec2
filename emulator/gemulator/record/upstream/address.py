"""Addresses of requests to an upstream. Only an option and the catalog name a host."""

from urllib.parse import quote

from gemulator.core.plan import Failure, own_failure
from gemulator.core.upstream_setting import Upstream
from gemulator.request.target import Target
from gemulator.service.locations import GLOBAL_HOST, LOCATIONS, MULTI_REGIONS

_USE_URL = "start the server with --upstream vertex=URL, which is the same server for all requests"


def address_of(upstream: Upstream, target: Target) -> str | Failure:
    """Return the URL of a chat request, or gemulator's refusal."""
    if upstream.kind == "openai":
        return f"{upstream.url}/chat/completions"
    names = (target.version, "projects", target.project, "locations", target.location, "endpoints", target.endpoint)
    if not {".", ".."}.isdisjoint(names):
        return _refuse("the path has a part `.` or `..`", "name project, location and endpoint")
    base = upstream.url or _google(target)
    if isinstance(base, Failure):
        return base
    path = "/".join(quote(name, safe="") for name in names)
    return f"{base}/{path}/chat/completions"


def _google(target: Target) -> str | Failure:
    if not target.shared:
        return _refuse("an endpoint of its own has a host that --upstream vertex does not know", _USE_URL)
    location = target.location
    if location not in LOCATIONS:
        return _refuse(f"{location!r} is no location of the service", "use one of the catalog, like global")
    if location in MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{GLOBAL_HOST}" if location == "global" else f"https://{location}-{GLOBAL_HOST}"


def _refuse(cause: str, remedy: str) -> Failure:
    return own_failure(f"this request cannot be forwarded: {cause}. To go on: {remedy}.", cause, remedy)
