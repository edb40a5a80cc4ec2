"""What OpenAI's API description demands of chat answers and chunks, written down in our own form."""

from typing import Any

_FINISH = ["stop", "length", "tool_calls", "content_filter", "function_call"]
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_FUNCTION = _object("name arguments", name=_TEXT, arguments=_TEXT)
_CALL = _object("id type function", id=_TEXT, type={"const": "function"}, function=_FUNCTION)
_CALL_PIECE = _object(
    "index",
    index=_COUNT,
    id=_TEXT,
    type={"const": "function"},
    function=_object("", name=_TEXT, arguments=_TEXT),
)
_AUDIO = _object("id expires_at data transcript", id=_TEXT, expires_at=_COUNT, data=_TEXT, transcript=_TEXT)
_LOGPROBS = {"type": ["object", "null"], "required": ["content", "refusal"]}
_USAGE = _object(
    "prompt_tokens completion_tokens total_tokens",
    prompt_tokens=_COUNT,
    completion_tokens=_COUNT,
    total_tokens=_COUNT,
    completion_tokens_details=_object("", reasoning_tokens=_COUNT, audio_tokens=_COUNT),
    prompt_tokens_details=_object("", cached_tokens=_COUNT, audio_tokens=_COUNT),
)
_MESSAGE = _object(
    "role content refusal",
    role={"const": "assistant"},
    content=_MAYBE_TEXT,
    refusal=_MAYBE_TEXT,
    tool_calls=_list(_CALL),
    function_call=_FUNCTION,
    audio=_AUDIO,
    annotations=_list(_object("type url_citation")),
)
_DELTA = _object(
    "",
    role={"enum": ["developer", "system", "user", "assistant", "tool"]},
    content=_MAYBE_TEXT,
    refusal=_MAYBE_TEXT,
    tool_calls=_list(_CALL_PIECE),
)
_ENVELOPE = {"id": _TEXT, "created": _COUNT, "model": _TEXT, "system_fingerprint": _TEXT, "usage": _USAGE}

ANSWER = _object(
    "choices created id model object",
    object={"const": "chat.completion"},
    choices=_list(
        _object(
            "finish_reason index message logprobs",
            finish_reason={"enum": _FINISH},
            index=_COUNT,
            message=_MESSAGE,
            logprobs=_LOGPROBS,
        )
    ),
    **_ENVELOPE,
)
CHUNK = _object(
    "choices created id model object",
    object={"const": "chat.completion.chunk"},
    choices=_list(
        _object(
            "delta finish_reason index",
            delta=_DELTA,
            finish_reason={"enum": [*_FINISH, None]},
            index=_COUNT,
            logprobs=_LOGPROBS,
        )
    ),
    **_ENVELOPE,
)
