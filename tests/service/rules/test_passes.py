"""Accepted requests; test ids name the row of wire-facts."""

import base64
from typing import Any

import pytest

from tests.endpoint import (
    GEMINI_2,
    GEMINI_3,
    REFERRING,
    Endpoint,
    asked,
    calling,
    google,
    image,
    result,
    rows,
    schema,
    thinking,
    tool,
    user,
)

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
BROKEN = "data:image/png;base64,!!!"
FILM = {"type": "input_audio", "input_audio": {"data": "gs://b/v", "format": "video/mp4"}}
SHARED = {
    "$defs": {"A": {"type": "string"}},
    "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}},
    "additionalProperties": False,
}
HARMLESS = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
CACHE = "projects/p/locations/l/cachedContents/7"
CALL = calling("get", signature="c2ln")


def saying(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": list(messages), **fields}


PASSES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("§2 n = 8", {}, {"n": 8}),
    ("§2 max_tokens", {}, {"max_tokens": 8}),
    ("§2 modalities", {}, {"modalities": ["text"]}),
    ("§2 ends of ranges", {}, {"temperature": 2, "top_p": 1, "frequency_penalty": -2, "seed": -(2**31)}),
    ("§2 image_url bare string", {}, saying(user([{"type": "image_url", "image_url": "gs://b/a"}]))),
    ("§2 role model", {}, saying(*asked({"role": "model", "content": "Hi"}, user()))),
    ("§13.10 role developer", {}, saying({"role": "developer", "content": "Be brief."}, user())),
    ("§2 prefill before 3.7", {}, saying(*asked({"role": "assistant", "content": "I"}))),
    ("§2 data URL of any modality", {}, saying(user([image("data:audio/mp3;base64,AAAA")]))),
    ("§2 input_audio of any modality", {}, saying(user([FILM]))),
    ("§2 detail from 3 on", {}, saying(user([image(detail="low"), image(detail="ultra_high")]))),
    ("§2 detail equal before 3", {}, saying(user([image(detail="low"), image(detail="low")]), model=GEMINI_2)),
    ("§2 image/jpg", {}, saying(user([image("data:image/jpg;base64,AAAA")]))),
    ("§2 undecodable media", {}, saying(user([image(BROKEN)]))),
    ("§2 strict media, fine", {"strict_media": True}, saying(user([image(PNG), image()]))),
    ("§2 thinking_budget -1", {}, {"model": GEMINI_2, **thinking(thinking_budget=-1)}),
    ("§2 thinking_budget 0", {}, thinking(thinking_budget=0)),
    ("§17.1 stop", {}, {"stop": ["q1", "q2", "q3", "q4", "q5"]}),
    ("§17.1 stop, text", {}, {"stop": "a long stop sequence"}),
    ("§17.2 max", {}, {"model": "google/gemini-3.5-flash", "reasoning_effort": "max"}),
    ("§17.2 max, 2.5", {}, {"model": GEMINI_2, "reasoning_effort": "max"}),
    ("§17.2 max, partner", {}, {"model": "openai/gpt-oss-120b-maas", "reasoning_effort": "max"}),
    ("§17.3 medium, 3 Pro", {}, {"model": "google/gemini-3-pro-preview", "reasoning_effort": "medium"}),
    ("§2 thinking_level in capitals", {}, thinking(thinking_level="LOW")),
    ("§2 response_format text", {}, {"response_format": {"type": "text"}}),
    ("§2 response_format MIME", {}, {"response_format": {"type": "application/json"}}),
    ("§2 json_schema, shared $ref", {}, {"response_format": schema(SHARED)}),
    ("§2 recursive schema, partner", {}, {"model": "qwen/q", "response_format": schema({"$ref": "#"})}),
    ("§2 tool_choice validated", {}, {"tools": [tool()], "tool_choice": "validated"}),
    ("§2 functions", {}, {"functions": [{"name": "f"}], "function_call": "auto"}),
    ("§2 web_search_options with functions, 3", {}, {"tools": [tool()], "web_search_options": {}}),
    ("§2 safety_settings", {}, {"extra_body": google(safety_settings=[HARMLESS])}),
    ("§2 cached_content", {}, {"extra_body": google(cached_content=CACHE)}),
    ("§2 not in the table: ignored", {}, {"logit_bias": {"5": 1}, "user": "x", "thinking": {"type": "disabled"}}),
    ("§2 sampling on 3.6: ignored", {}, {"model": "google/gemini-3.6-flash", "temperature": 1}),
    ("§2 null is nothing", {"strict_params": True}, {"logit_bias": None, "temperature": None}),
    ("§2 strict, documented", {"strict_params": True}, {"top_p": 1, "extra_body": google(thought_tag_marker="t")}),
    (
        "§2 fields beyond Google's own",
        {},
        {
            **saying(user() | {"extra_content": {"google": {"mood": 1, "parts": [{}], "thought": None}, "acme": 1}}),
            "extra_body": {"google": None, "acme": "x"},
        },
    ),
    ("§2 $ref found", {}, saying(*asked(CALL, REFERRING))),
    ("§2 $ref without parts", {}, saying(*asked(CALL, result("get", '{"$ref": "x"}')))),
    ("§2 tool content as text parts", {}, saying(*asked(CALL, result("get", [{"type": "text", "text": "{}"}])))),
    ("§6 content beside calls", {}, saying(*asked({**CALL, "content": "Let me see."}, result("get")))),
    ("§5 duplicate call ids", {}, saying(*asked(calling("a", "a", signature="c2ln"), result("a"), result("a")))),
    ("§1 unknown model", {}, {"model": "google/gemini-99-flash"}),
    ("§1 listed model", {"models": "catalog"}, {"model": GEMINI_3}),
    ("§2 partners' own fields, strict", {"strict_params": True}, {"model": "zai-org/glm-5-maas", "guided_json": {}}),
    ("§2 response_format of no kind, partner", {}, {"model": "acme/rocket", "response_format": {"type": {}}}),
    ("§1 unknown publisher", {}, {"model": "acme/rocket", "temperature": 9}),
    ("§10 a container has its own rules", {}, {"endpoint": "123", "model": "", "temperature": 9}),
]


@pytest.mark.parametrize(("settings", "fields"), rows(PASSES))
def test_passes(settings: dict[str, Any], fields: dict[str, Any]) -> None:
    assert Endpoint(**settings).ask(**fields).status == 200
