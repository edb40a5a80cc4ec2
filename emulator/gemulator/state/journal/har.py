"""Journal export as an HTTP Archive (HAR 1.2)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gemulator.delivery.steps import Head
from gemulator.state.journal.entry import Entry, answer_bytes
from gemulator.state.journal.redaction import elide_media, redact_headers


def archive(entries: Iterable[Entry], origin: str, version: str) -> dict[str, Any]:
    """Return the archive of `entries`, as requests to `origin`."""
    creator = {"name": "gemulator", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(entry, origin) for entry in entries]}}


def _entry(entry: Entry, origin: str) -> dict[str, Any]:
    received, finished = entry.received, entry.finished
    total = round(finished.duration * 1000, 3) if finished else 0.0
    first = round(finished.first * 1000, 3) if finished and finished.first is not None else total
    return {
        "startedDateTime": datetime.fromtimestamp(received.at, UTC).isoformat(timespec="milliseconds"),
        "time": total,
        "request": _request(entry, origin),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": first, "receive": round(total - first, 3)},
        "comment": ", ".join(_comment(entry)),
        "_outcome": finished.outcome if finished else None,
        "_faults": None if received.delivery.faults is None else [*received.delivery.faults],
        "_upstream": finished.upstream.name if finished and finished.upstream else None,
        "_quota": received.exchange.quota or None,
    }


def _comment(entry: Entry) -> Iterator[str]:
    received = entry.received
    yield f"session {received.session}"
    yield received.exchange.source
    for fault in received.delivery.faults or ():
        yield f"fault {fault}"
    if received.exchange.quota:
        yield f"quota {received.exchange.quota}"


def _request(entry: Entry, origin: str) -> dict[str, Any]:
    exchange = entry.received.exchange
    headers = redact_headers(entry.received.headers)
    body = exchange.body.shown.decode("utf-8", "replace")
    return {
        "method": exchange.method,
        "url": origin + exchange.path,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": [],
        "postData": {"mimeType": headers.get("content-type", "application/json"), "text": body},
        "headersSize": -1,
        "bodySize": exchange.body.size,
    }


def _response(entry: Entry) -> dict[str, Any]:
    finished, steps = entry.finished, entry.sent
    head = next((step for step in steps if isinstance(step, Head)), None)
    headers = redact_headers(dict(head.headers)) if head else {}
    content = elide_media(answer_bytes(steps)).decode("utf-8", "replace")
    size = finished.bytes if finished else len(content)
    return {
        "status": entry.status,
        "statusText": "",
        "httpVersion": f"HTTP/{head.bare.version}" if head and head.bare else "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": size, "mimeType": headers.get("content-type", ""), "text": content},
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
