"""Request to an OpenAI-compatible upstream, without what only Google reads."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import orjson

from gemulator.engine.forwarding import ForwardRequest

_GOOGLE = ("extra_body", "google")
_MESSAGE_EXTRA = "extra_content"  # thought signatures and flags


def openai_body(request: ForwardRequest, models: Mapping[str, str]) -> bytes:
    """Return the body for the upstream: its own model, token counts in streams, nothing of Google's."""
    body: dict[str, Any] = orjson.loads(request.incoming.body)
    for name in _GOOGLE:
        body.pop(name, None)
    body["model"] = _model(request, models)
    messages = body.get("messages")
    body["messages"] = [_message(message) for message in messages] if isinstance(messages, list) else messages
    if body.get("stream") is True:
        options = body.get("stream_options")
        body["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
        body["stream_options"].pop("stream_function_call_arguments", None)
    return orjson.dumps(body)


def _model(request: ForwardRequest, models: Mapping[str, str]) -> str:
    """Return the model of the turn, of the option, of the catalog, or the one of the request."""
    asked = request.conversation.request.model
    given = request.upstream_model or models.get(asked)
    matching = (meant for name, meant in models.items() if fnmatchcase(asked, name))
    return given or next(matching, None) or request.model.upstream_model or asked


def _message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    kept = {name: value for name, value in message.items() if name != _MESSAGE_EXTRA}
    calls = kept.get("tool_calls")
    if isinstance(calls, list):
        kept["tool_calls"] = [_without_extra(call) for call in calls]
    return kept


def _without_extra(call: Any) -> Any:
    return {key: value for key, value in call.items() if key != _MESSAGE_EXTRA} if isinstance(call, dict) else call
