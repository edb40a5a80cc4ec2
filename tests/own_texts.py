"""Requests that are answered with gemulator's own texts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from gemulator.server.auth.keys import ServiceKey
from gemulator.server.auth.oauth import CLIENT_ID, CLIENT_SECRET, CLOUD_PLATFORM
from gemulator.server.auth.tokens import create_token, derive_key
from tests.endpoint import calling, result, schema, tool, user

NOW = 1_770_850_461.0
ENDPOINTS = "/v1/projects/demo/locations/global/endpoints"
CHAT = f"{ENDPOINTS}/openapi/chat/completions"
BEARER = {"authorization": "Bearer x"}
KEY = {"x-emulator-admin-key": "hush"}
GOOGLE = {"metadata-flavor": "Google"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


@dataclass(frozen=True)
class Call:
    """A named request."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


def chat(
    name: str, text: str = "hello", *, path: str = CHAT, headers: Mapping[str, str] = BEARER, **fields: Any
) -> Call:
    body = {"model": "google/gemini-2.5-flash", "messages": [user(text)], **fields}
    return Call(name, "POST", path, headers, json.dumps(body).encode())


def get(name: str, path: str, headers: Mapping[str, str] = {}, method: str = "GET") -> Call:
    return Call(name, method, path, headers)


def admin(name: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}) -> Call:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Call(name, method, f"/__emulator{path}", headers, content)


def form(name: str, path: str = "/token", **fields: str) -> Call:
    return Call(name, "POST", path, FORM, str(httpx.QueryParams(fields)).encode())


def with_header(name: str, value: str) -> Call:
    return chat(f"{name}: {value}", headers={**BEARER, f"x-emulator-{name}": value})


CHATS = [
    chat("no match", "Where is the sea?"),
    chat("near miss", "weather?", tools=[tool()]),
    chat("near miss by tools", "weather?", headers={**BEARER, "x-tenant": "blue"}, stream=True),
    chat("limited turn, first use", "once"),
    chat("limited turn, used up", "once"),
    chat("template error", "broken", tools=[tool()]),
    chat("no match on a self-deployed endpoint", "Where?", path=f"{ENDPOINTS}/123/chat/completions"),
    chat("no match on TGI", "Where?", path=f"{ENDPOINTS}/tgi-1/chat/completions"),
    chat("external $ref", response_format=schema({"$ref": "https://schemas.example/person.json"})),
    Call("compressed body", "POST", CHAT, {**BEARER, "content-encoding": "gzip"}, b"\x1f\x8b\x08"),
]

HEADERS = [
    with_header("wire", "strict"),
    with_header("speed", "fast"),
    with_header("speed", "-1"),
    with_header("fault", "explode"),
    with_header("fault", "disconnect: {after_chunks: x}"),
    with_header("fault", "disconnect: {after: 3}"),
    with_header("pacing", "first_token: soon"),
    with_header("pacing", "pace: 3"),
    with_header("quota", "requests_per_minute: few"),
    with_header("quota", "requests: 3"),
    with_header("scenario", "parcial"),
    with_header("scenario", "nothing alike"),
]

SESSIONS = [
    admin("end a session", "POST", "/sessions", {"session": "later", "over": ["earlier"]}),
    chat("request in the ended session", headers={**BEARER, "x-emulator-session": "earlier"}),
    admin("late requests", "POST", "/verify", {"session": "later", "none_late": 0}),
]

PATHS = [
    get("root for a browser", "/", {"accept": "text/html"}),
    get("root for a client", "/"),
    get("chat with GET", CHAT),
    get("chat with PUT from a browser", CHAT, {"origin": "http://localhost:5173"}, "PUT"),
    get("path without version", "/projects/demo/locations/global/endpoints/openapi/chat/completions", method="POST"),
    get("publisher models", "/v1/projects/demo/locations/global/publishers/google/models"),
    get("models of an endpoint", f"{ENDPOINTS}/openapi/models"),
    get("endpoint without chat/completions", f"{ENDPOINTS}/openapi", method="POST"),
    get("endpoints collection", ENDPOINTS, method="POST"),
    get("chat without project", "/v1/chat/completions", method="POST"),
    get("empty project", "/v1/projects//locations/global/endpoints/openapi/chat/completions", method="POST"),
    get("two empty segments", "/v1/projects//locations//endpoints/openapi/chat/completions", method="POST"),
    get("doubled slash", CHAT.replace("/endpoints", "//endpoints"), method="POST"),
    get("doubled slash, markup", "//v1/<b>", method="POST"),
    get("unrelated path", "/nothing"),
    get("GET of the shared endpoint", f"{ENDPOINTS}/openapi"),
]

ADMIN = [
    admin("invalid JSON", "POST", "/verify", b"{"),
    admin("list instead of an object", "POST", "/verify", []),
    admin("unknown field", "POST", "/verify", {"entires": []}),
    admin("wrong type", "POST", "/verify", {"entries": [{"count": "three"}]}),
    admin("negative count", "POST", "/verify", {"entries": [{"count": -1}]}),
    admin("empty condition", "POST", "/verify", {"entries": [{"when": {"user": {}}}]}),
    admin("unknown condition", "POST", "/verify", {"entries": [{"when": {"usr": "x"}}]}),
    admin("unknown outcome", "POST", "/verify", {"entries": [{"outcome": "done"}]}),
    admin("invalid clock", "POST", "/sessions", {"clock": "noon"}),
    admin("invalid unmatched mode", "POST", "/sessions", {"unmatched": "maybe"}),
    admin("empty session name", "POST", "/sessions", {"session": ""}),
    admin("zero ttl", "POST", "/sessions", {"ttl": 0}),
    admin("session with an unknown scenario", "POST", "/sessions", {"session": "s", "scenario": "parcial"}),
    admin("session with an invalid scenario", "POST", "/sessions", {"scenarios": {"new": "turns: [{}]"}}),
    admin("pin of an unknown scenario", "POST", "/scenarios/pin", {"scenario": "nothing alike"}),
    admin("pin without a scenario", "POST", "/scenarios/pin", {}),
    admin("scenario that is not UTF-8", "POST", "/scenarios", b"\xff"),
    admin("scenario with turns of a wrong type", "POST", "/scenarios", b"turns: 3"),
    admin("scenario with a misspelt key", "POST", "/scenarios/validate?name=new", b"turns: [{ replay: Hi }]"),
    admin("scenario that is not YAML", "POST", "/scenarios/validate", b"turns: ["),
    admin("body too large", "POST", "/scenarios", b"x" * 10_000_001),
    admin("invalid status filter", "GET", "/journal?status=many"),
    admin("invalid since filter", "GET", "/journal?since=yesterday"),
    admin("unknown entry", "GET", "/journal/99"),
    admin("explain with an invalid path", "POST", "/explain", {"body": {}, "path": "/v1/x"}),
    admin("explain with an invalid header", "POST", "/explain", {"body": {}, "headers": {"x-emulator-wire": "strict"}}),
    admin("explain a match", "POST", "/explain", {"body": {"model": "google/m", "messages": [user("hello")]}}),
    admin("explain no match", "POST", "/explain", {"body": {"model": "google/m", "messages": [user("Sea?")]}}),
    admin("invalid chaos", "POST", "/chaos", {"fault": "explode", "pacing": "soon", "quota": "few"}),
    admin("unknown route", "GET", "/nothing"),
    admin("unknown method", "PUT", "/sessions"),
    get("bare prefix", "/__emulator"),
]

VERIFY = [
    chat("request to verify", "Where is the sea?"),
    admin("too few", "POST", "/verify", {"entries": [{"when": {"user": "mountain"}}]}),
    admin("too many", "POST", "/verify", {"entries": [{"when": {"user": "sea"}, "count": 0}]}),
    admin("not so many", "POST", "/verify", {"entries": [{"scenario": "partial", "at_least": 2, "at_most": 3}]}),
    admin("wrong turn", "POST", "/verify", {"entries": [{"scenario": "partial", "turn": 4, "status": 200}]}),
    admin("wrong order", "POST", "/verify", {"order": [{"when": {"user": "sea"}}, {"when": {"user": "hello"}}]}),
    admin("order without a match", "POST", "/verify", {"order": [{"outcome": "cut"}]}),
    admin("unmatched", "POST", "/verify", {"none_unmatched": True}),
    admin("refused", "POST", "/verify", {"none_unmatched": "refused"}),
    chat("a turn of the scenario"),
    admin("unused times", "POST", "/verify", {"times_used": True}),
    admin("verdict", "GET", "/verdict"),
]

BROKEN = [
    admin("admin API", "GET", "/scenarios"),
    admin("admin API with a path parameter", "POST", "/sessions/s/reset"),
    chat("chat from a browser", headers={**BEARER, "origin": "http://localhost:5173"}),
]

GUARD = [
    admin("foreign host", "GET", "/sessions", headers={"host": "evil.example:80", **KEY}),
    admin("foreign origin", "GET", "/sessions", headers={"origin": "http://evil.example", **KEY}),
    admin("cross-site fetch", "GET", "/sessions", headers={"sec-fetch-site": "cross-site", **KEY}),
    admin("no key", "GET", "/sessions"),
    admin("wrong key", "GET", "/sessions", headers={"x-emulator-admin-key": "hash"}),
]

TOKENS = [
    chat("no token", headers={}),
    chat("API key", headers={"x-goog-api-key": "AIza1"}),
    chat("API key as bearer token", headers={"authorization": "Bearer AIza1"}),
    chat("foreign token", headers={"authorization": "Bearer ya29.x"}),
    chat(
        "token signed with another key",
        headers={"authorization": f"Bearer {create_token('default', None, derive_key('1'))}"},
    ),
    chat("expired token", headers={"authorization": f"Bearer {create_token('default', int(NOW), derive_key('0'))}"}),
    chat("no token, v1beta1", path=CHAT.replace("v1", "v1beta1", 1), headers={}),
    get("GET of an endpoint without a token", f"{ENDPOINTS}/123"),
]

POLICY = [
    chat("unknown project", path=CHAT.replace("demo", "other")),
    chat("project with the API disabled", path=CHAT.replace("demo", "off")),
    chat("identity without permission", headers={"authorization": "Bearer y"}),
]


def oauth(key: ServiceKey, stranger: ServiceKey) -> Sequence[Call]:
    claims = {
        "iss": "gemulator-dev@demo.iam.gserviceaccount.com",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
        "scope": CLOUD_PLATFORM,
    }
    refresh = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    subject = {
        "grant_type": EXCHANGE,
        "audience": "//iam.googleapis.com/x",
        "requested_token_type": ACCESS,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }

    def asserted(name: str, **changed: Any) -> Call:
        given = {**claims, **changed}
        return form(name, grant_type=JWT, assertion=key.sign({k: v for k, v in given.items() if v is not None}))

    return [
        form("no grant"),
        form("unsupported grant type", grant_type="password"),
        form("no assertion", grant_type=JWT),
        form("malformed assertion", grant_type=JWT, assertion="x"),
        form("assertion with a wrong signature", grant_type=JWT, assertion=stranger.sign(claims)),
        asserted("assertion of another account", iss="someone@example.com"),
        asserted("assertion with a wrong audience", aud="https://example.com"),
        asserted("expired assertion", exp=int(NOW)),
        asserted("assertion without scope", scope=None),
        form("unknown OAuth client", **{**refresh, "client_id": "?"}, refresh_token="x"),
        form("no refresh token", **refresh),
        form("refresh token with a wrong signature", **refresh, refresh_token=stranger.sign({"use": "refresh"})),
        form("subject token used as refresh token", **refresh, refresh_token=key.sign({"use": "subject"})),
        form("refresh token used as subject token", **subject, subject_token=key.sign({"use": "refresh"})),
        form("subject token with a wrong signature", **subject, subject_token=stranger.sign({"use": "subject"})),
        form("unsupported token type", **{**subject, "requested_token_type": "y"}, subject_token="x"),
        form("no subject token", **subject),
        get("tokeninfo without a token", "/tokeninfo"),
        get("tokeninfo of a foreign token", "/tokeninfo?access_token=x"),
        get("tokeninfo of a malformed identity token", "/tokeninfo?id_token=x"),
        get("token with GET", "/token"),
        get("unknown token service path", "/oauth2/v9/certs"),
        get("metadata without Metadata-Flavor", "/computeMetadata/v1/project/project-id"),
        get("metadata with X-Forwarded-For", "/computeMetadata/v1/", {**GOOGLE, "x-forwarded-for": "1.2.3.4"}),
        get("unknown metadata key", "/computeMetadata/v1/project/nothing", GOOGLE),
        get("identity without audience", "/computeMetadata/v1/instance/service-accounts/default/identity", GOOGLE),
        get("unknown metadata version", "/computeMetadata/v2/", GOOGLE),
    ]


UNSIGNED = chat(
    "missing signature",
    model="google/gemini-3.1-pro-preview",
    messages=[user("hello"), calling("get_weather"), result("get_weather")],
)
