"""Reference page of the scenario format."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gemulator.core.strict_model import StrictModel
from gemulator.scenario.authoring.json_schema import scenario_schema
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.model import Scenario, Turn
from gemulator.scenario.replies import KINDS, AnyReply
from gemulator.scenario.templates.filters import FILTERS
from gemulator.scenario.templates.variables import ROOTS

_INTRODUCTION = """\
# The scenario format

<!-- Made by `gemulator schema --format markdown > docs/scenarios.md`; a test compares. -->

A scenario is a YAML file: a list of turns. A turn says *when* this is asked, *reply* that.

```yaml
# yaml-language-server: $schema=./scenario.schema.json
description: The model asks for the weather, then answers with what the tool said.
turns:
  - when: { user: weather, tool_result: get_weather }
    reply: It is {{ tool_result.temp }} °C in {{ tool_result.city }}.

  - when: { user: weather }
    reply:
      - call: get_weather
        with: { city: Paris, unit: celsius }
```

- Turns are tried from top to bottom, over all files in name order; the first that fits answers. Turns without a `when`
  fit always, and are tried after all that have one.
- All conditions of a `when` must hold. A plain text means *contains, ignoring case*; a list means *any of*.
- A `reply` is a text, one part, or a list of parts in order.
- A turn that answered with a call does not fit again once that call has its result, unless its `tool_result` is
  about that very tool. So loops of an agent end.
- `times: 2` lets a turn answer twice in a session; then the next that fits has its turn.
- Names of files that begin with `_` or `.` are no scenarios. A scenario is called like its file, without the suffix.
- YAML is 1.2: `no` is a text, keys may not be there twice. Durations carry units: `800ms`, `1.5s`, `2m`.
- `gemulator check` says what is wrong, `gemulator explain REQUEST.json` says which turn answers and why.
"""

_COMPARISONS = """\
## How texts are compared

| written | means |
|---|---|
| `user: weather` | contains it, ignoring case |
| `user: [weather, forecast]` | any of these |
| `user: { equals: What is the weather? }` | the whole text |
| `user: { matches: 'in (?P<city>\\w+)' }` | a regular expression is found in it (RE2 syntax) |
| `endpoint: { glob: 'mg-*' }` | a pattern for the whole text |
| `user: { contains: weather, not: tomorrow }` | all of these hold |
| `model: google/gemini-2.5-*` | a model with `*` or `?` is a pattern for all of it |
| `tools: false` | there is none (`true`: there is one) |
| `turn: 2`, `turn: { at_least: 3 }` | numbers, with `at_least` and `at_most` |
| `body: { user: ada, metadata.tier: { equals: gold } }` | values by path: `a.b`, `a[0].b`, `a[*].b` |

Inside JSON (`body`, and `json` of a `tool_result`) a text is contained, numbers and `true`/`false` are the same;
`{ exists: false }` asks that there is nothing.
"""

_TEMPLATES = """\
## Templates

Texts of a reply may refer to the request: `{{ user }}`, `{{ tool_result.items[0].name }}`, `{{ header.x-tenant }}`.
Only paths and filters: no statements, no files, no Python. In `with` and `json`, a text that is one expression keeps
its type: `temp: "{{ tool_result.temp }}"` is a number where the tool's was. Two literal braces are `{{ '{{' }}`.
"""

_INCLUDES = """\
## Shared pieces

`include: _pieces/weather.yaml` in the place of a turn, a `when`, a reply or a part puts in what that file says; where
it says a list and stands in a list, its items are put in. Paths start at the file that includes, and stay in the
folder.
Inside one file, YAML anchors (`&name`, `*name`, `<<: *name`) do the same.
"""


def reference() -> str:
    """Return the page as Markdown."""
    return "\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    schema = scenario_schema()
    definitions = schema["$defs"]
    yield _INTRODUCTION
    yield from _field_table("The file", Scenario, schema["properties"])
    yield from _field_table("A turn", Turn, definitions["Turn"]["properties"])
    yield from _field_table("Pacing", None, definitions["PacingFields"]["properties"])
    yield from _field_table("Usage", None, definitions["UsageFields"]["properties"])
    yield "## Conditions: what stands under `when`\n"
    yield from _conditions()
    yield _COMPARISONS
    yield "## Replies\n"
    for kind in KINDS.values():
        yield from _reply_section(kind, definitions[kind.__name__]["properties"])
    yield _TEMPLATES
    yield from _table(("variable", "is"), {name: root.description for name, root in ROOTS.items()})
    yield f"Filters: {', '.join(f'`{_filter_signature(name)}`' for name in FILTERS)}.\n"
    yield _INCLUDES


def _field_table(title: str, kind: type[StrictModel] | None, properties: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _table(("key", "means"), {key: _description(schema) for key, schema in properties.items()})


def _description(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", "")).replace("|", "\\|")


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |\n|---|---|"
    yield "\n".join(f"| `{key}` | {text} |" for key, text in rows.items()) + "\n"


def _conditions() -> Iterator[str]:
    yield "| key | holds for | for example |\n|---|---|---|"
    for name, field in Match.model_fields.items():
        key = field.alias or name
        shown = " or ".join(f"`{key}: {to_flow_yaml(example)}`" for example in field.examples or ())
        yield f"| `{key}` | {field.description} | {shown} |"
    yield ""


def to_flow_yaml(value: Any) -> str:
    """Return a value as one line of YAML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {to_flow_yaml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_flow_yaml, value)) + "]"
    if isinstance(value, str):
        return (
            value
            if re.match(r"[A-Za-z][^:,{}\[\]#]*$", value) and value not in {"true", "false", "null"}
            else repr(value)
        )
    return orjson.dumps(value).decode()


def _reply_section(kind: type[AnyReply], properties: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{kind.key}`\n\n{kind.__doc__}\n"
    yield f"```yaml\nreply: {kind.example}\n```\n"
    own = {kind.key: properties[kind.key]} | {key: schema for key, schema in properties.items() if key != kind.key}
    yield from _table(("key", "means"), {key: _description(schema) for key, schema in own.items()})


def _filter_signature(name: str) -> str:
    """Return a filter with its parameters."""
    names = {str: "text", int: "number", object: "value"}
    kinds = [names[kind] for kind in FILTERS[name][2]]
    return f"{name}({', '.join(kinds)})" if kinds else name
