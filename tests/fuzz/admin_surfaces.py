"""Seeded requests to the admin API, the token service and paths beside them."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tests.fuzz.exchanges import Exchange, admin, chat, mutated, mutated_text, some

Chance = random.Random

_SESSION: Mapping[str, Any] = {
    "session": "made",
    "scenario": "plain-chat",
    "seed": "4",
    "wire": "sdk-safe",
    "tool_index": "gap",
    "fragment": "size:2",
    "calls_per_delta": 2,
    "stream_usage": "every",
    "tool_calls": "always",
    "signatures": "off",
    "clock": "2026-02-11T22:54:21Z",
    "unmatched": "error",
    "strictness": "strict",
    "scenarios": {"a": "turns: [{ when: { user: hi }, times: 2, reply: Hello }]"},
    "drop": ["made", "gone"],
    "over": ["ended"],
    "ttl": 60,
}
_CLAUSES: Sequence[Mapping[str, Any]] = (
    {"user": "weather"},
    {"user": {"regex": "(a|b)+$"}},
    {"not": {"system": "x"}},
    {"any": [{"user": "a"}, {"model": "*flash"}]},
    {"tool_result": {"name": "f", "json": {"rain": {"at_least": 50}}}},
    {"headers": {"x-thing": "1"}},
    {"body": {"temperature": 0.5}},
    {"endpoint": "123", "stream": True, "turn": 2},
)
_VERIFIED: Mapping[str, Any] = {
    "none_unmatched": "refused",
    "none_late": 3,
    "times_used": True,
    "order": [{"status": 429, "refused": True}, {"scenario": "weather", "turn": 2, "outcome": "completed"}],
}
_QUERIES: Mapping[str, Sequence[Any]] = {
    "session": ("default", "made", "é/..", ""),
    "scenario": ("plain-chat", "\x00"),
    "model": ("google/gemini-3.5-flash",),
    "status": (200, -1, 10**30, "٣"),
    "source": ("generated", "refused", "x"),
    "text": ("Paris", "(", "é" * 500),
    "since": (0, "1e400", "nan", "-inf", "2026-02-11T22:54:21Z", "9999-99-99"),
    "until": (10**12, "x"),
    "after": (0, 10**18 - 1, -5),
    "limit": (0, 3, 10**17),
    "full": (1, "x"),
    "strictness": ("strict", "x"),
}
_ACCEPTS = ("*/*", "application/x-ndjson", "text/event-stream", "text/html")


def sessions(chance: Chance) -> Sequence[Exchange]:
    """Sessions made, asked, reset, listed and dropped."""
    body = mutated(some(_SESSION.items(), chance, 0.4), chance, chance.choice((1, 3)))
    name = chance.choice(("made", "ended", "gone", "a/b", "é", "x" * 300, "%00"))
    bearer = {"authorization": f"Bearer emulator.{name}"}
    path = quote(name)
    return [
        admin("POST", "sessions", body),
        chat({"messages": [{"role": "user", "content": "hi"}]}, headers=bearer),
        admin("POST", "scenarios/pin", mutated({"session": name, "scenario": "plain-chat"}, chance)),
        admin("GET", "sessions"),
        admin("GET", "scenarios", session=name),
        admin("POST", f"sessions/{path}/reset"),
        admin(chance.choice(("DELETE", "DELETE", "PUT")), f"sessions/{path}"),
    ]


def journal(chance: Chance) -> Sequence[Exchange]:
    """Views of the journal, with right and wrong filters."""
    query = {name: chance.choice(values) for name, values in some(_QUERIES.items(), chance).items()}
    accept = chance.choice(_ACCEPTS)
    route = chance.choice(("journal", "journal", "journal.har", "verdict", f"journal/{chance.choice((1, 9, 10**25))}"))
    asked = admin("GET", route, headers={"accept": accept, "last-event-id": str(query.get("after", ""))}, **query)
    endless = accept == "text/event-stream" and route == "journal"
    return [asked._replace(endless=endless)]


def verify(chance: Chance) -> Sequence[Exchange]:
    """Checks of a session and explanations of requests."""
    entries = [{"when": mutated(chance.choice(_CLAUSES), chance, 1), "count": chance.choice((0, 1, 10**30))}]
    expected = {"entries": entries, "session": "default", **some(_VERIFIED.items(), chance, 0.5)}
    question = {
        "body": {"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "hi"}]},
        "session": "default",
        "headers": {"x-emulator-seed": "3", "x-emulator-fault": "reset"},
        "path": "/v1/projects/p/locations/global/endpoints/v06/chat/completions",
    }
    return [
        admin("POST", "verify", mutated(expected, chance, 2)),
        admin("POST", "explain", mutated(question, chance)),
        admin(
            "POST", "scenarios/validate", mutated({"turns": [{"when": chance.choice(_CLAUSES), "reply": "x"}]}, chance)
        ),
    ]


_GRANT = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJhbGciOiJub25lIn0.e30."
_ROUTES = (
    "/",
    "/tokeninfo?access_token=x",
    "/tokeninfo?id_token=eyJhbGciOiJub25lIn0.eyJleHAiOjFlOTl9.",
    "/oauth2/v3/certs",
    "/oauth2/v1/certs",
    "/computeMetadata/v1/?recursive=true",
    "/computeMetadata/v1/instance/service-accounts/default/token?scopes=a,b",
    "/computeMetadata/v1/instance/service-accounts/default/identity?audience=x&format=full",
    "/__emulator/health",
    "/__emulator/ready",
    "/__emulator/version",
    "/__emulator/settings",
    "/__emulator/metrics",
    "/__emulator/openapi.json",
    "/__emulator/../x",
    "/v1/projects/p/locations/global/endpoints/77",
    "/v1beta1/projects/p/locations/global/endpoints/openapi/models",
    "/v1/chat/completions",
)
_METHODS = ("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "X")
_FLAVORS: Sequence[Mapping[str, str]] = ({"metadata-flavor": "Google"}, {}, {"origin": "https://example.com"})


def others(chance: Chance) -> Sequence[Exchange]:
    """Token service, metadata server, and paths that nothing or another method is at."""
    path = quote(mutated_text(chance.choice(_ROUTES), chance), safe="/?=&%,.", errors="replace")
    given = chance.choice(_FLAVORS)
    grant = mutated_text(_GRANT, chance).encode("utf-8", "replace")
    form = {"content-type": "application/x-www-form-urlencoded"}
    refresh = mutated({"grant_type": "refresh_token", "refresh_token": "x", "client_id": 3}, chance)
    return [
        Exchange(chance.choice(_METHODS), f"/{path.lstrip('/')}", headers=given),
        Exchange("POST", "/token", grant, form),
        admin("POST", "x", refresh)._replace(path="/v1/token"),
    ]


_TEXTS: Sequence[bytes] = (
    b"[" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b"[" * 150 + b"1" * 100_000 + b"]" * 150,
    b'{"messages": [{"role": "user", "content": "x"}], "seed": ' + b"9" * 100_000 + b"}",
    b'{"temperature": -1e' + b"9" * 1_000 + b', "messages": []}',
    b'\xff\xfe{"messages": []}',
    b"\xef\xbb\xbf{}",
    '{"messages": []}'.encode("utf-16"),
    b'{"messages": [], "messages": 3, "session": "a", "session": null}',
    b'{"' + b"k" * 200_000 + b'": "\\ud800\\u0000"}',
    b"[" + b"{}," * 100_000 + b"{}]",
    b"null",
    b"\x00" * 1_000,
    b"turns: &a [*a]",
    b"turns: [{reply: &a [&b [x, x, x], *b, *b]}, {<<: *a}]",
    b"? [a, b]\n: {c: !!python/object:os.system x}\n",
    b"- " * 5_000,
    b"grant_type=" + b"%00" * 3_000 + b"&=&&assertion",
)
_POSTS = (
    "/v1/projects/p/locations/global/endpoints/openapi/chat/completions",
    "/v1/projects/p/locations/global/endpoints/123/chat/completions",
    "/v1/projects/p/locations/global/endpoints/tgi-1/chat/completions",
    *(f"/__emulator/{route}" for route in ("sessions", "scenarios?session=texts", "scenarios/validate")),
    *(f"/__emulator/{route}" for route in ("scenarios/pin", "chaos", "verify", "explain")),
    "/token",
    "/tokeninfo",
)


def texts(chance: Chance) -> Sequence[Exchange]:
    """Bodies that are deep, long, of other encodings or no JSON, to each route that reads one."""
    body = chance.choice(_TEXTS)
    if chance.random() < 0.3:
        body = body[: chance.randrange(len(body))]
    request = admin("POST", "x", body)._replace(path=chance.choice(_POSTS), chunked=chance.random() < 0.3)
    return [request]


SURFACES: Mapping[str, Callable[[Chance], Sequence[Exchange]]] = {
    made.__name__: made for made in (sessions, journal, verify, others, texts)
}
