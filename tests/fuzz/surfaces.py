"""Seeded requests to each surface of chat: schemas, grammars, headers, scenarios, faults.

    python -m tests.fuzz.surfaces NUMBER

prints the requests of a case.
"""

import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gemulator.core import located_yaml
from gemulator.delivery.faults.schema import FAULTS
from tests.fuzz import admin_surfaces
from tests.fuzz.exchanges import PROJECT, Body, Exchange, admin, chat, mutated, mutated_text, some
from tests.fuzz.samples import (
    EBNF,
    FAULT_FIELDS,
    FIELDS,
    FORMAT,
    LARK,
    MODELS,
    OVERRIDES,
    PACINGS,
    REGEX,
    REPLIES,
    TAG,
    TURN_FIELDS,
    USUAL,
    WHENS,
    corpus,
    shipped,
)

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


def _schema(chance: Chance) -> Any:
    return mutated(chance.choice(corpus()), chance)


def _fields(chance: Chance) -> Body:
    fields: Body = some(FIELDS.items(), chance, 0.1)
    for name, needed in (("stream_options", "stream"), ("top_logprobs", "logprobs")):
        if name in fields and chance.random() < 0.9:
            fields[needed] = True
    if chance.random() < 0.2:
        fields["model"] = chance.choice(MODELS)
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
        "regex": lambda: mutated_text(REGEX, chance),
        "choice": lambda: mutated(["yes", "no", "天"], chance),
        "grammar": lambda: mutated_text(chance.choice((EBNF, LARK)), chance),
        "json_object": lambda: mutated(True, chance),
        "structural_tag": lambda: json.dumps(mutated(chance.choice((TAG, FORMAT)), chance)),
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
            fields = {"response_format": mutated(chance.choice((TAG, FORMAT)), chance)}
        case _:
            fields = {"structured_outputs": mutated(constraints, chance), "guided_decoding_backend": "xgrammar"}
    return [chat({**fields, **_fields(chance)}, chance.choice([*VLLM.values()]))]


def tgi(chance: Chance) -> Case:
    """Grammars of TGI."""
    kinds = [
        {"type": "json", "value": _schema(chance)},
        {"type": "json_object", "value": _schema(chance)},
        {"type": "regex", "value": mutated_text(REGEX, chance)},
        _json_schema(_schema(chance))["response_format"],
    ]
    grammar = chance.choice(kinds)
    grammar = mutated(grammar, chance, 1) if chance.random() < 0.3 else grammar
    name = chance.choice(("response_format", "response_format", "grammar"))
    return [chat({name: grammar, **_fields(chance)}, chance.choice([*TGI.values()]))]


def headers(chance: Chance) -> Case:
    """The emulator's own headers and usual ones, with right and wrong values."""
    given = {
        f"x-emulator-{name}": chance.choice(values) for name, values in some(OVERRIDES.items(), chance, 0.12).items()
    }
    given |= {name: chance.choice(values) for name, values in some(USUAL.items(), chance, 0.15).items()}
    for name in given:
        if chance.random() < 0.1:
            # Line breaks and NUL would make other headers of it, which the raw tests of HTTP cover.
            given[name] = mutated_text(given[name], chance).translate({0: None, 10: None, 13: None})
    path = f"x/{chance.randrange(9)}" if chance.random() < 0.1 else "chat/completions"
    request = chat({**_tools(chance), **_fields(chance)}, headers=given)
    return [request._replace(path=f"{PROJECT}/openapi/{path}")]


def turns(chance: Chance) -> Case:
    """Turns with every condition and reply, with changes, pushed to a session that is then asked."""
    session = f"turns-{chance.randrange(20)}"
    written = [
        {
            "when": some(WHENS.items(), chance, 0.15),
            "reply": chance.choice(REPLIES),
            **some(TURN_FIELDS.items(), chance, 0.1),
        }
        for _ in range(chance.choice((1, 1, 3)))
    ]
    written = [turn if turn["when"] else {name: turn[name] for name in turn if name != "when"} for turn in written]
    pushed = mutated({"turns": written, **some({"wire": "sdk-safe", "tool_index": "gap"}.items(), chance)}, chance, 2)
    headers = {"x-emulator-session": session}
    endpoint = chance.choice(("openapi", *VLLM.values(), *TGI.values()))
    asked = chat(_fields(chance), endpoint, headers, may_break=True)
    tools = chat({**_tools(chance), "stream": True}, endpoint, headers, may_break=True)
    return [
        admin("POST", "scenarios", pushed, session=session),
        asked,
        tools,
        admin("POST", "explain", {"body": json.loads(asked.body), "session": session, "path": asked.path}),
        admin("GET", "journal", session=session, full=1),
        admin("DELETE", "scenarios", session=session),
    ]


def scenarios(chance: Chance) -> Case:
    """Shipped scenarios with changes, pushed to a session that is then asked, checked and dropped."""
    session = f"scenarios-{chance.randrange(20)}"
    text = chance.choice(shipped())
    document: Any = located_yaml.read(text, Path("fuzz.yaml")).data
    by_text = chance.random() < 0.3
    pushed = (
        mutated_text(text, chance).encode("utf-8", "replace")
        if by_text
        else mutated(document, chance, chance.choice((1, 3)))
    )
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


def _fault(chance: Chance) -> str:
    names = chance.sample([*FAULTS], chance.choice((1, 1, 2)))
    written: Any = []
    for name in names:
        fields = [(field, FAULT_FIELDS[field]) for field in FAULTS[name].model_fields if field in FAULT_FIELDS]
        written.append({name: some(fields, chance, 0.4)} if chance.random() < 0.7 else name)
    written = written if chance.random() < 0.6 else mutated(written, chance, 1)
    line = yaml.safe_dump(written, default_flow_style=True, width=10**6).strip()
    return mutated_text(line, chance).replace("\n", " ").replace("\r", " ") if chance.random() < 0.2 else line


def faults(chance: Chance) -> Case:
    """Faults, pacing and quotas by header and by session, in sessions of their own."""
    session = {"x-emulator-session": f"faults-{chance.randrange(20)}"}
    name = session["x-emulator-session"]
    pacing = chance.choice(PACINGS)
    pacing = pacing if chance.random() < 0.7 else mutated_text(pacing, chance).replace("\n", " ")
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
    **{made.__name__: made for made in (schemas, bodies, vllm, tgi, headers, scenarios, turns, faults)},
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
