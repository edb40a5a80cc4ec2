"""Right values for each surface, which the fuzzer changes: real schemas, shipped scenarios, grammars, fields."""

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemulator.core.folders import shipped_scenarios

SHARED = Path(os.environ.get("GEMULATOR_SHARED", Path(__file__).parents[2].parent / "shared"))
CORPUS = SHARED / "corpora" / "schemas-open.jsonl.gz"
_PER_SOURCE = 20


@lru_cache(maxsize=1)
def corpus() -> Sequence[Any]:
    """Return real schemas, equally many of each source; a few of our own where the corpus is absent."""
    if not CORPUS.exists():
        return OWN_SCHEMAS
    taken: dict[str, list[Any]] = {}
    with gzip.open(CORPUS, "rt", encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            record = json.loads(line)
            of_source = taken.setdefault(record["source"], [])
            if len(of_source) < _PER_SOURCE and len(line) < 20_000:
                of_source.append(record["schema"])
    return [schema for schemas in taken.values() for schema in schemas]


OWN_SCHEMAS: Sequence[Any] = (
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
    {"type": "array", "items": {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"enum": ["a", None, 3]}]}},
    {"$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"},
    {"type": "STRING", "nullable": True, "pattern": "^[a-f]{3,8}(x|y)$", "maxLength": "9"},
    {"type": "object", "patternProperties": {"^x": {"not": {"type": "null"}}}, "minProperties": 2},
)
EBNF = 'root ::= "The " mood (", " mood){0,3} "."\nmood ::= "good" | "bad" | [a-z]{1,5} | ~"x"\n'
LARK = '%import common.INT\n%ignore " "\nstart: item ("," item)*\nitem: INT | /[a-f]+/i | "x"~2..4\n'
REGEX = r"^(yes|no)[a-z]{2,5}\d+(?=x)?(?:\.[^\s]|\p{L})*$"
TAG = {
    "type": "structural_tag",
    "structures": [{"begin": "<f=x>", "schema": OWN_SCHEMAS[0], "end": "</f>"}],
    "triggers": ["<f="],
}
FORMAT = {
    "type": "structural_tag",
    "format": {
        "type": "triggered_tags",
        "triggers": ["<f>"],
        "tags": [{"begin": "<f>", "content": {"type": "json_schema", "json_schema": OWN_SCHEMAS[0]}, "end": "</f>"}],
        "at_least_one": True,
    },
}
FIELDS: Mapping[str, Any] = {
    "stream": True,
    "n": 2,
    "max_tokens": 20,
    "temperature": 0.5,
    "top_p": 0.9,
    "seed": 7,
    "stop": ["a", "b"],
    "logprobs": True,
    "top_logprobs": 3,
    "min_tokens": 10,
    "ignore_eos": False,
    "reasoning_effort": "low",
    "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    "chat_template_kwargs": {"enable_thinking": True},
    "prompt_logprobs": 2,
    "echo": True,
    "logit_bias": {"1": 5},
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "extra_body": {"google": {"thinking_config": {"include_thoughts": True, "thinking_budget": 5}}},
    "user": "me",
    "modalities": ["text"],
}


MODELS = (
    "google/gemini-2.5-flash-image",
    "google/gemini-2.5-pro-preview-tts",
    "google/gemini-3-pro-preview",
    "google/gemini-2.0-flash",
    "deepseek-ai/deepseek-r1",
    "moonshotai/kimi-k2-thinking-maas",
    "openai/gpt-oss-120b-maas",
    "qwen/qwen3-next-80b-a3b-thinking-maas",
    "zai-org/glm-4.7-maas",
    "xai/grok-4",
    "meta/llama-4-scout",
    "a/b",
)
OVERRIDES: Mapping[str, Sequence[str]] = {
    "scenario": ("plain-chat", "unicode", "none"),
    "seed": ("1", "x" * 300),
    "wire": ("faithful", "sdk-safe"),
    "tool-index": ("documented", "sequential", "all-zero", "gap", "missing"),
    "fragment": ("json", "token", "size:3", "size:0", "whole"),
    "calls-per-delta": ("1", "1000", "99999999999999999999"),
    "stream-usage": ("last", "every"),
    "tool-calls": ("related", "always"),
    "strictness": ("lenient", "service", "strict"),
    "signatures": ("enforce", "strict", "warn", "off"),
    "quota": ("concurrent: 2", "requests_per_minute: 1, retry_after: 2s", f"tokens_per_minute: {10**30}"),
    "session": ("a", "é", "x" * 500, "a/b"),
    "nothing": ("x",),
}
USUAL: Mapping[str, Sequence[str]] = {
    "authorization": ("Bearer x", "Bearer", "Basic eDp5", "Bearer emulator.s", "", "Bearer " + "x" * 9_000),
    "host": ("localhost", "77.us-central1-1.prediction.vertexai.goog", "us-east5-aiplatform.googleapis.com", "", "é"),
    "content-type": ("text/plain", "application/json; charset=utf-16", "multipart/form-data"),
    "content-encoding": ("gzip", "identity"),
    "accept": ("text/event-stream", "application/x-ndjson", "*/*;q=0.1"),
    "accept-encoding": ("gzip, br",),
    "origin": ("https://example.com", "null"),
    "x-goog-api-key": ("AIza" + "x" * 35,),
    "x-vertex-ai-llm-request-type": ("dedicated", "shared", "x"),
    "expect": ("100-continue",),
    "traceparent": ("00-" + "0" * 32 + "-" + "1" * 16 + "-01",),
}


FAULT_FIELDS: Mapping[str, Any] = {
    "after_chunks": 1,
    "after_bytes": 10,
    "after": "0s",
    "chance": "50%",
    "times": 1,
    "skip": 1,
    "lasts": "20ms",
    "size": 7,
    "gap": "1ms",
    "by": -3,
    "to": "crlf",
    "every": 2,
    "form": "bare",
    "status": 503,
    "message": "é",
    "code": 500,
    "header": False,
}
PACINGS = ("first_token: 5ms", "tokens_per_second: 1e9", "{inter_token: 1ms, jitter: 30%, spread: normal}", "none")


@lru_cache(maxsize=1)
def shipped() -> Sequence[str]:
    """Return the texts of the shipped scenarios."""
    return [file.read_text(encoding="utf-8") for file in sorted(shipped_scenarios().rglob("*.yaml"))]


# Turns of a scenario: conditions, replies, and what stands beside them.
WHENS: Mapping[str, Any] = {
    "user": {"matches": r"in (?P<city>\w+)"},
    "system": {"not": "pirate"},
    "model": "google/gemini-*",
    "endpoint": {"glob": "*"},
    "turn": {"at_most": 3},
    "tools": False,
    "temperature": {"at_most": 2},
    "header": {"x-emulator-session": "scenarios"},
    "body": {"messages[*].role": "user", "a[0].b": {"exists": False}},
    "any": [{"user": "Paris"}, {"stream": True}],
    "not": {"user": "tomorrow", "image": True},
}
REPLIES: Sequence[Any] = (
    "In {{ match.city | upper | default('é') }}: {{ user | truncate(9) }}, {{ body.messages[0].content | json }}",
    {"text": "One two.", "chunks": ["One", " two."], "thought_signature": False},
    {"lorem": 30, "paragraphs": 2, "locale": "ja_JP", "chunks": {"tokens": 3}},
    {"markdown": "showcase", "chunks": {"characters": 50}},
    [
        {"thinking": "Hm."},
        {"call": "f0", "with": {"a": "{{ user | length }}"}},
        {"call": "f1", "arguments": "{", "id": "c"},
    ],
    [{"image": "a red boat", "size": "64x64", "mime": "image/jpeg"}, {"audio": "Hi", "tone": 440, "duration": "10ms"}],
    {"json": {"n": "{{ turn | round(2) }}", "list": [1, 2.5, None, True]}},
    {"choose": [{"weight": 3, "reply": "a"}, "b"]},
    {"error": 429, "retry_after": "1.5s", "details": [{"@type": "x"}], "field": "contents[0]"},
    {"error": 503, "message": "é {{ user }}", "status": "INTERNAL"},
    {"block": "safety", "message": "no"},
    {"candidates": ["a", {"reply": "b", "finish": "length"}]},
    {"body": {"a": "{{ user }}"}, "status": 529, "headers": {"x-a": "{{ model }}", "content-length": "3"}},
    {"body": "\x00 not JSON", "status": 204},
    {"events": [{"a": "{{ user }}"}, {"data": "[DONE]", "wait": "1ms", "event": "x"}, {"raw": ": ping\n\n"}]},
)
TURN_FIELDS: Mapping[str, Any] = {
    "times": 2,
    "id": "chatcmpl-x",
    "created": 1_770_000_000,
    "finish": "malformed_function_call",
    "usage": {"prompt_tokens": 3, "reasoning_tokens": 0, "cached_tokens": 5, "traffic_type": "ON_DEMAND"},
    "pacing": {"first_token": "1ms", "jitter": "30%", "spread": "normal", "load": "5%", "tokens_per_chunk": 2},
    "fault": [{"error_event": {"after_chunks": 1}}, "comments"],
}
