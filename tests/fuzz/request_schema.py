"""A chat request as OpenAI describes it, in our own form, with Google's additions: as an OpenAPI document."""

from typing import Any

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_ANY: dict[str, Any] = {"type": "object"}


def _object(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: Any, most: int = 3) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _enum(words: str) -> dict[str, Any]:
    return {"enum": words.split()}


def _number(low: float, high: float) -> dict[str, Any]:
    return {"type": "number", "minimum": low, "maximum": high}


_URL = {
    "enum": ["gs://b/a.png", "https://example.com/a.jpg", "data:image/png;base64,AAAA", "data:audio/wav;base64,UklG"]
}
_PART = {
    "oneOf": [
        _object("type text", type={"const": "text"}, text=_TEXT),
        _object(
            "type image_url",
            type={"const": "image_url"},
            image_url=_object("url", url=_URL, detail=_enum("auto low high")),
        ),
        _object(
            "type input_audio",
            type={"const": "input_audio"},
            input_audio=_object("data format", data=_TEXT, format=_enum("wav mp3 audio/mp3")),
        ),
        _object("type file", type={"const": "file"}, file=_ANY),
    ]
}
_SIGNED = _object(google=_object(thought_signature=_TEXT, thought=_FLAG))
_CALL = _object(
    "id type function",
    id=_TEXT,
    type={"const": "function"},
    function=_object("name arguments", name=_enum("f g"), arguments=_enum('{} {"a":1} [] nonsense')),
    extra_content=_SIGNED,
)
_MESSAGE = {
    "oneOf": [
        _object("role content", role=_enum("system developer"), content=_TEXT),
        _object("role content", role={"const": "user"}, content={"oneOf": [_TEXT, _list(_PART)]}, name=_TEXT),
        _object("role", role=_enum("assistant model"), content=_TEXT, tool_calls=_list(_CALL), refusal=_TEXT),
        _object("role tool_call_id content", role={"const": "tool"}, content=_TEXT, tool_call_id=_TEXT),
        _object("role name content", role={"const": "function"}, content=_TEXT, name=_enum("f g")),
    ]
}
_SCHEMA = {
    "oneOf": [
        _object("type", type=_enum("object"), properties=_object(a=_object(type=_enum("string integer")), b=_ANY)),
        _object("type items", type={"const": "array"}, items=_object(enum=_list(_TEXT))),
    ]
}
_FUNCTION = _object("name", name=_enum("f g"), description=_TEXT, parameters=_SCHEMA)
_GOOGLE = _object(
    safety_settings=_list(_object(category=_enum("HARM_CATEGORY_HARASSMENT X"), threshold=_enum("OFF X"))),
    cached_content=_enum("projects/p/locations/l/cachedContents/1 x"),
    thinking_config=_object(
        thinking_budget={"type": "integer"}, include_thoughts=_FLAG, thinking_level=_enum("low high LOW x")
    ),
    thought_tag_marker=_enum("think x("),
    stream_function_call_arguments=_FLAG,
    tools=_list({"enum": [{"google_search": {}}, {"url_context": {}}]}),
    media_resolution=_enum("MEDIA_RESOLUTION_LOW MEDIA_RESOLUTION_HIGH x"),
)
_MODELS = [
    "google/gemini-3.1-pro-preview",
    "google/gemini-3.7-flash",
    "google/gemini-2.5-flash",
    "google/gemini-3-pro-image-preview",
    "deepseek-ai/deepseek-v3.2-maas",
    "acme/rocket",
    "plain",
]
REQUEST = _object(
    "messages model",
    messages={"type": "array", "items": _MESSAGE, "minItems": 1, "maxItems": 5},
    model={"enum": _MODELS},
    stream=_FLAG,
    stream_options=_object(include_usage=_FLAG),
    max_tokens={"type": "integer"},
    max_completion_tokens={"type": "integer"},
    n={"type": "integer", "minimum": 0, "maximum": 9},
    stop={"oneOf": [_TEXT, _list(_TEXT)]},
    seed={"type": "integer"},
    temperature=_number(-1, 3),
    top_p=_number(-1, 2),
    frequency_penalty=_number(-3, 3),
    presence_penalty=_number(-3, 3),
    logprobs=_FLAG,
    top_logprobs={"type": "integer", "minimum": 0, "maximum": 20},
    modalities=_list(_enum("text image audio")),
    reasoning_effort=_enum("minimal low medium high max none"),
    response_format={
        "oneOf": [
            _object("type", type=_enum("text json_object text/x.enum image/png")),
            _object(
                "type json_schema",
                type={"const": "json_schema"},
                json_schema=_object("name schema", name=_TEXT, schema=_SCHEMA),
            ),
        ]
    },
    tools=_list(_object("type function", type={"const": "function"}, function=_FUNCTION)),
    tool_choice={
        "oneOf": [
            _enum("auto none required validated any"),
            _object("function", function=_object("name", name=_enum("f x"))),
        ]
    },
    functions=_list(_FUNCTION),
    function_call={"oneOf": [_enum("auto none"), _object("name", name=_enum("f x"))]},
    web_search_options=_ANY,
    parallel_tool_calls=_FLAG,
    user=_TEXT,
    extra_body=_object(google=_GOOGLE),
    google=_GOOGLE,
)
PATH = "/chat/completions"
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "chat", "version": "1"},
    "paths": {
        PATH: {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": REQUEST}}},
                "responses": {"200": {"description": "an answer"}},
            }
        }
    },
}
