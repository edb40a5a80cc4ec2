"""Response format of Gemini on Vertex AI (fidelity.md)."""

from collections.abc import Sequence
from typing import Any

import orjson

from gemulator.core.plan import Failure, Plan
from gemulator.core.seed import Seed, event_id
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects.dialect import Dialect, RawHeaders, Style
from gemulator.dialects.gemini_message import choice_fields, usage
from gemulator.dialects.gemini_stream import events
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import DecodingOptions

# Headers of a sibling method of the same front end (fidelity.md, Errors), without Alt-Svc, which would send browsers to
# a port without a listener.
_FRONT_END_HEADERS: RawHeaders = (
    (b"x-vertex-ai-internal-prediction-backend", b"harpoon"),
    (b"vary", b"X-Origin"),
    (b"vary", b"Referer"),
    (b"vary", b"Origin,Accept-Encoding"),
    (b"server", b"scaffolding on HTTPServer2"),
    (b"x-xss-protection", b"0"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
    (b"accept-ranges", b"none"),
)

_THOUGHT_WORDS = {"minimal": 8, "low": 25, "medium": 80, "high": 160, "max": 240}  # of a thought


class Gemini(Dialect):
    """Dialect of `google/…` models on `endpoints/openapi`: alphabetical keys, role in every delta, usage at the end."""

    headers: RawHeaders = ((b"content-type", b"application/json"), *_FRONT_END_HEADERS)
    stream_headers: RawHeaders = ((b"content-type", b"text/event-stream"), *_FRONT_END_HEADERS)

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        body = {
            "choices": [choice_fields(index, choice, request) for index, choice in enumerate(plan.choices)],
            "created": plan.created,
            "id": plan.id,
            "model": plan.model,
            "object": "chat.completion",
            "system_fingerprint": "",
            "usage": usage(plan.usage),
        }
        return Chunk(orjson.dumps(body), plan.usage.completion_tokens + plan.usage.reasoning_tokens)

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        return list(events(plan, request, style))

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        body = error_object(failure)
        # A refused server stream is transcoded to an array of one error (fidelity.md, Errors).
        return Head(failure.status, _failure_headers(failure)), Chunk(b"[" + body + b"\n]\n" if target.shared else body)

    def stream_error(self, failure: Failure) -> bytes:
        return b"data: " + orjson.dumps(_error(failure)) + b"\n\n"

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        words = _THOUGHT_WORDS.get(request.thinking_level or "", 25)
        return DecodingOptions("asked" if request.asks_to_think else "allowed", words)

    def response_id(self, seed: Seed, created: int) -> str:
        return event_id(created, seed)

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        return f"function-call-{seed.uuid4()}"


def error_object(failure: Failure) -> bytes:
    """Return the error object as indented JSON."""
    return orjson.dumps(_error(failure), option=orjson.OPT_INDENT_2)


def _error(failure: Failure) -> dict[str, Any]:
    error: dict[str, Any] = {"code": failure.status, "message": failure.message, "status": failure.code}
    if failure.details:
        error["details"] = failure.details
    return {"error": error}


def _failure_headers(failure: Failure) -> RawHeaders:
    return (*Gemini.headers, *retry_headers(failure.retry_after))


def retry_headers(seconds: float | None) -> RawHeaders:
    """Return the headers of an author's `retry_after`; no answer of the service has any."""
    if seconds is None:
        return ()
    if seconds >= 1 and float(seconds).is_integer():
        return ((b"retry-after", b"%d" % seconds),)
    # retry-after counts whole seconds. SDKs made by OpenAI's generator read retry-after-ms first.
    return (b"retry-after", _decimal(seconds)), (b"retry-after-ms", _decimal(seconds * 1000))


def _decimal(number: float) -> bytes:
    return f"{number:.6f}".rstrip("0").rstrip(".").encode()
