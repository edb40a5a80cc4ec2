"""Metadata server of a Google Cloud VM: project, identity and tokens."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gemulator.core.settings import Settings
from gemulator.server.auth.oauth import CLOUD_PLATFORM, PROJECT_NUMBER, Grant, TokenService

_ROOT = "/computeMetadata/v1"
# On every answer of the real server; clients recognize it by the first (fidelity.md).
_HEADERS = {"metadata-flavor": "Google", "server": "Metadata Server for VM"}
_SESSION = "default"  # requests to a metadata server carry no session

Leaf: TypeAlias = str | int | tuple[str, ...] | Callable[[Mapping[str, str]], Response]
Tree: TypeAlias = Mapping[str, "Leaf | Tree"]


class MetadataServer:
    """Metadata of one virtual machine with one service account."""

    def __init__(self, settings: Settings, tokens: TokenService) -> None:
        self._tokens = tokens
        self._tree = self._build_tree(settings.project)

    def _build_tree(self, project: str) -> Tree:
        account: Tree = {
            "aliases": ("default",),
            "email": self._tokens.email,
            "identity": self._identity,
            "scopes": (CLOUD_PLATFORM, "https://www.googleapis.com/auth/userinfo.email"),
            "token": self._token,
        }
        return {
            "instance": {
                "hostname": f"gemulator.c.{project}.internal",
                "id": 1234567890123456789,
                "name": "gemulator",
                "service-accounts": {"default": account, self._tokens.email: account},
                "zone": f"projects/{PROJECT_NUMBER}/zones/us-central1-a",
            },
            "project": {"numeric-project-id": PROJECT_NUMBER, "project-id": project},
            "universe": {"universe-domain": "googleapis.com"},
        }

    def _token(self, query: Mapping[str, str]) -> Response:
        scopes = tuple(query.get("scopes", CLOUD_PLATFORM).split(","))
        grant = Grant(_SESSION, self._tokens.email, scopes)
        return JSONResponse(self._tokens.access_token(grant), headers=_HEADERS)

    def _identity(self, query: Mapping[str, str]) -> Response:
        if not query.get("audience"):
            return PlainTextResponse("non-empty audience parameter required\n", 400, _HEADERS)
        return _text_response(self._tokens.identity_token(query["audience"], self._tokens.email))

    async def probe(self, request: Request) -> Response:
        """GET /: the clients' probe for a metadata server. Raises HTTPException 404 for a browser."""
        if "metadata-flavor" not in request.headers and "text/html" in request.headers.get("accept", ""):
            raise HTTPException(404)
        return _text_response("computeMetadata/\n")

    async def entry(self, request: Request) -> Response:
        """GET /computeMetadata/v1/…"""
        refusal = _header_error(request)
        if refusal is not None:
            return refusal
        node = self._find(request.path_params.get("path", ""))
        if node is None:
            return PlainTextResponse("Not Found\n", 404, _HEADERS)
        if callable(node):
            return node(request.query_params)
        recursive = request.query_params.get("recursive", "").lower() == "true"
        if isinstance(node, Mapping) and not recursive:
            return _text_response(
                "".join(f"{name}{'/' if isinstance(below, Mapping) else ''}\n" for name, below in node.items())
            )
        default = "json" if isinstance(node, Mapping) else "text"
        wants_json = request.query_params.get("alt", default) == "json"
        return JSONResponse(_json_value(node), headers=_HEADERS) if wants_json else _text_response(_text_lines(node))

    def _find(self, path: str) -> Leaf | Tree | None:
        node: Leaf | Tree | None = self._tree
        for step in filter(None, path.split("/")):
            node = node.get(step) if isinstance(node, Mapping) else None
        return node

    @property
    def routes(self) -> list[Route]:
        """Routes of the probe and the tree."""
        return [
            Route("/", self.probe),
            Route(_ROOT, self.entry),
            Route(f"{_ROOT}/{{path:path}}", self.entry),
        ]


def _header_error(request: Request) -> Response | None:
    """Return the 403 against forged requests: a tricked client cannot set the one header, proxies add the other."""
    if request.headers.get("metadata-flavor") != "Google":
        return PlainTextResponse("Missing Metadata-Flavor:Google header.\n", 403, _HEADERS)
    if "x-forwarded-for" in request.headers:
        return PlainTextResponse("X-Forwarded-For is not allowed.\n", 403, _HEADERS)
    return None


def _text_response(body: str) -> Response:
    return Response(body, media_type="application/text", headers=_HEADERS)


def _json_value(node: "Leaf | Tree") -> Any:
    """Return a subtree as JSON with camel-case names, without computed leaves (tokens)."""
    if isinstance(node, Mapping):
        return {_camel_case(name): _json_value(below) for name, below in node.items() if not callable(below)}
    return list(node) if isinstance(node, tuple) else node


def _camel_case(name: str) -> str:
    first, *others = name.split("-") if "@" not in name else [name]
    return first + "".join(other.capitalize() for other in others)


def _text_lines(node: "Leaf | Tree", path: str = "") -> str:
    if isinstance(node, Mapping):
        return "".join(_text_lines(below, f"{path}{name}/") for name, below in node.items() if not callable(below))
    value = "\n".join(node) if isinstance(node, tuple) else str(node)
    return f"{path.rstrip('/')} {value}\n" if path else value
