"""Seeded requests to each surface of chat: schemas, grammars, headers, scenarios, faults.

    python -m tests.fuzz.surfaces NUMBER

prints the requests of a case.
"""

import gzip
import json
import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from gemulator.core import located_yaml
from gemulator.core.settings import shipped_scenarios
from gemulator.delivery.faults.schema import FAULTS
from tests.fuzz import admin_surfaces
from tests.fuzz.exchanges import PROJECT, Body, Exchange, admin, chat, mutated, mutated_text, some

SHARED = Path(os.environ.get("GEMULATOR_SHARED", Path(__file__).parents[2].parent / "shared"))
CORPUS = SHARED / "corpora" / "schemas-open.jsonl.gz"
_PER_SOURCE = 20
# By release of the server; `CATALOG` describes their endpoints.
VLLM = {"current": "123", "0.10": "v010", "0.6": "v06"}
TGI = {"current": "tgi-1", "2": "tgi2"}
CATALOG = """
endpoints:
  - { id: v010, version: "0.10", thinks: "on" }
  - { id: v06, version: "0.6", context: 8192 }
  - { id: tgi2, dialect: tgi, version: "2" }
"""

Case = Sequence[Exchange]
Chance = random.Random


@lru_cache(maxsize=1)
def corpus() -> Sequence[Any]:
    """Return real schemas, equally many of each source; a few of our own where the corpus is absent."""
    if not CORPUS.exists():
        return _OWN_SCHEMAS
    taken: dict[str, list[Any]] = {}
    with gzip.open(CORPUS, "rt", encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            record = json.loads(line)
            of_source = taken.setdefault(record["source"], [])
            if len(of_source) < _PER_SOURCE and len(line) < 20_000:
                of_source.append(record["schema"])
    return [schema for schemas in taken.values() for schema in schemas]


_OWN_SCHEMAS: Sequence[Any] = (
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
    {"type": "array", "items": {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"enum": ["a", None, 3]}]}},
    {"$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"},
    {"type": "STRING", "nullable": True, "pattern": "^[a-f]{3,8}(x|y)$", "maxLength": "9"},
    {"type": "object", "patternProperties": {"^x": {"not": {"type": "null"}}}, "minProperties": 2},
)
_EBNF = 'root ::= "The " mood (", " mood){0,3} "."\nmood ::= "good" | "bad" | [a-z]{1,5} | ~"x"\n'
_LARK = '%import common.INT\n%ignore " "\nstart: item ("," item)*\nitem: INT | /[a-f]+/i | "x"~2..4\n'
_REGEX = r"^(yes|no)[a-z]{2,5}\d+(?=x)?(?:\.[^\s]|\p{L})*$"
_TAG = {
    "type": "structural_tag",
    "structures": [{"begin": "<f=x>", "schema": _OWN_SCHEMAS[0], "end": "</f>"}],
    "triggers": ["<f="],
}
_FORMAT = {
    "type": "structural_tag",
    "format": {
        "type": "triggered_tags",
        "triggers": ["<f>"],
        "tags": [{"begin": "<f>", "content": {"type": "json_schema", "json_schema": _OWN_SCHEMAS[0]}, "end": "</f>"}],
        "at_least_one": True,
    },
}
_FIELDS: Mapping[str, Any] = {
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


def _schema(chance: Chance) -> Any:
    return mutated(chance.choice(corpus()), chance)


def _fields(chance: Chance) -> Body:
    fields: Body = some(_FIELDS.items(), chance, 0.15)
    changed = fields if chance.random() < 0.7 else mutated(fields, chance)
    return changed if isinstance(changed, dict) else fields


def _tools(chance: Chance) -> Body:
    count = chance.choice((1, 1, 2, 5))
    functions = [{"name": f"f{number}", "parameters": _schema(chance)} for number in range(count)]
    return {"tools": [{"type": "function", "function": function} for function in functions]}


def _json_schema(schema: Any) -> Body:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}


def schemas(chance: Chance) -> Case:
    """Real schemas as parameters and formats."""
    endpoint = chance.choice(("openapi", "openapi", *VLLM.values(), *TGI.values()))
    constraint = _tools(chance) if chance.random() < 0.5 else _json_schema(_schema(chance))
    return [chat({**constraint, **_fields(chance)}, endpoint, chunked=chance.random() < 0.1)]


def bodies(chance: Chance) -> Case:
    """Conversations with any member replaced."""
    call = {"id": "c", "type": "function", "function": {"name": "f0", "arguments": '{"city": "Bonn"}'}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": '{"rain": 3}'},
        {"role": "user", "content": "And tomorrow?"},
    ]
    body = {"messages": messages[chance.randrange(len(messages)) :], **_fields(chance)}
    fields = mutated(body, chance, 4)
    endpoint = chance.choice(("openapi", *VLLM.values(), *TGI.values()))
    request = chat(fields if isinstance(fields, dict) else {"messages": fields}, endpoint)
    if chance.random() < 0.05:
        request = request._replace(body=request.body[: chance.randrange(len(request.body))])
    return [request]


def _constraints(chance: Chance) -> Body:
    """Return some constraint kinds of vLLM with their values."""
    kinds: Mapping[str, Callable[[], Any]] = {
        "json": lambda: _schema(chance),
        "regex": lambda: mutated_text(_REGEX, chance),
        "choice": lambda: mutated(["yes", "no", "天"], chance),
        "grammar": lambda: mutated_text(chance.choice((_EBNF, _LARK)), chance),
        "json_object": lambda: mutated(True, chance),
        "structural_tag": lambda: json.dumps(mutated(chance.choice((_TAG, _FORMAT)), chance)),
    }
    names = chance.sample([*kinds], 1 if chance.random() < 0.8 else 2)
    return {name: kinds[name]() for name in names}


def vllm(chance: Chance) -> Case:
    """Structured output in the fields of each release, sent to each."""
    constraints = _constraints(chance)
    match chance.randrange(4):
        case 0:
            fields: Body = {"structured_outputs": constraints}
        case 1:
            fields = {f"guided_{kind}": value for kind, value in constraints.items()}
        case 2:
            fields = {"response_format": mutated(chance.choice((_TAG, _FORMAT)), chance)}
        case _:
            fields = {"structured_outputs": mutated(constraints, chance), "guided_decoding_backend": "xgrammar"}
    return [chat({**fields, **_fields(chance)}, chance.choice([*VLLM.values()]))]


def tgi(chance: Chance) -> Case:
    """Grammars of TGI."""
    kinds = [
        {"type": "json", "value": _schema(chance)},
        {"type": "json_object", "value": _schema(chance)},
        {"type": "regex", "value": mutated_text(_REGEX, chance)},
        _json_schema(_schema(chance))["response_format"],
    ]
    grammar = chance.choice(kinds)
    grammar = mutated(grammar, chance, 1) if chance.random() < 0.3 else grammar
    name = chance.choice(("response_format", "response_format", "grammar"))
    return [chat({name: grammar, **_fields(chance)}, chance.choice([*TGI.values()]))]


_OVERRIDES: Mapping[str, Sequence[str]] = {
    "scenario": ("plain-chat", "unicode", "none"),
    "seed": ("1", "x" * 300),
    "wire": ("faithful", "sdk-safe"),
    "tool-index": ("documented", "sequential", "all-zero", "gap", "missing"),
    "fragment": ("json", "token", "size:3", "size:0", "whole"),
    "calls-per-delta": ("1", "1000", "99999999999999999999"),
    "stream-usage": ("last", "every"),
    "strictness": ("lenient", "service", "strict"),
    "signatures": ("enforce", "strict", "warn", "off"),
    "quota": ("concurrent: 2", "requests_per_minute: 1, retry_after: 2s", f"tokens_per_minute: {10**30}"),
    "session": ("a", "é", "x" * 500, "a/b"),
    "nothing": ("x",),
}
_USUAL: Mapping[str, Sequence[str]] = {
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


def headers(chance: Chance) -> Case:
    """The emulator's own headers and usual ones, with right and wrong values."""
    given = {f"x-emulator-{name}": chance.choice(values) for name, values in some(_OVERRIDES.items(), chance).items()}
    given |= {name: chance.choice(values) for name, values in some(_USUAL.items(), chance, 0.15).items()}
    for name in given:
        if chance.random() < 0.1:
            # Line breaks and NUL would make other headers of it, which the raw tests of HTTP cover.
            given[name] = mutated_text(given[name], chance).translate({0: None, 10: None, 13: None})
    path = f"x/{chance.randrange(9)}" if chance.random() < 0.1 else "chat/completions"
    request = chat({**_tools(chance), **_fields(chance)}, headers=given)
    return [request._replace(path=f"{PROJECT}/openapi/{path}")]


@lru_cache(maxsize=1)
def _shipped() -> Sequence[str]:
    return [file.read_text(encoding="utf-8") for file in sorted(shipped_scenarios().rglob("*.yaml"))]


def scenarios(chance: Chance) -> Case:
    """Shipped scenarios with changes, pushed to a session that is then asked, checked and dropped."""
    session = f"scenarios-{chance.randrange(20)}"
    text = chance.choice(_shipped())
    document = located_yaml.read(text, Path("fuzz.yaml")).data
    by_text = chance.random() < 0.3
    pushed = mutated_text(text, chance).encode("utf-8", "replace") if by_text else mutated(document, chance)
    users = [str(turn.get("when", {}).get("user", "hi")) for turn in document["turns"]]
    question = {"messages": [{"role": "user", "content": chance.choice(users)}], **_fields(chance)}
    asked = chat(question, headers={"x-emulator-session": session}, may_break=True)
    explained = {"body": json.loads(asked.body), "session": session}
    return [
        admin("POST", "scenarios", pushed, session=session, name=f"n{chance.randrange(5)}"),
        asked,
        admin("POST", "explain", explained),
        admin("POST", "verify", {"session": session, "none_unmatched": True, "times_used": True}),
        admin("GET", "scenarios", session=session),
        admin("DELETE", "scenarios", session=session),
    ]


_FAULT_FIELDS: Mapping[str, Any] = {
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
_PACINGS = ("first_token: 5ms", "tokens_per_second: 1e9", "{inter_token: 1ms, jitter: 30%, spread: normal}", "none")


def _fault(chance: Chance) -> str:
    names = chance.sample([*FAULTS], chance.choice((1, 1, 2)))
    written = [{name: mutated(some(_FAULT_FIELDS.items(), chance, 0.15), chance, 1)} for name in names]
    line = yaml.safe_dump(written, default_flow_style=True, width=10**6).strip()
    return mutated_text(line, chance).replace("\n", " ").replace("\r", " ") if chance.random() < 0.2 else line


def faults(chance: Chance) -> Case:
    """Faults, pacing and quotas by header and by session, in sessions of their own."""
    session = {"x-emulator-session": f"faults-{chance.randrange(20)}"}
    name = session["x-emulator-session"]
    pacing = mutated_text(chance.choice(_PACINGS), chance).replace("\n", " ")
    line = _fault(chance)
    own = {"x-emulator-fault": line.replace("\x00", ""), "x-emulator-pacing": pacing.replace("\x00", "")}
    asked = {"stream": chance.random() < 0.7, **_fields(chance)}
    return [
        admin("POST", "chaos", {"session": name, "fault": line, "pacing": pacing}),
        admin("GET", "chaos", session=name),
        chat(asked, headers=session, may_break=True),
        chat(asked, headers={**session, **own}, may_break=True),
        admin("POST", f"sessions/{name}/reset"),
        chat({}, headers=session),
    ]


SURFACES: Mapping[str, Callable[[Chance], Case]] = {
    **{made.__name__: made for made in (schemas, bodies, vllm, tgi, headers, scenarios, faults)},
    **admin_surfaces.SURFACES,
}


def case(number: int) -> tuple[str, Case]:
    """Return the surface and the requests of a number, always the same for it."""
    chance = random.Random(number)
    name = [*SURFACES][number % len(SURFACES)]
    return name, SURFACES[name](chance)


if __name__ == "__main__":
    for exchange in case(int(sys.argv[1]))[1]:
        print(exchange.data().decode("utf-8", "replace"))
