"""Texts of server-sent events in scenarios and files."""

import re
from collections.abc import Iterator, Sequence

import orjson

from gemulator.core.json_types import JSON, dump_json
from gemulator.scenario.templates.template import Template, fill
from gemulator.scenario.templates.variables import Variables

_EVENT = re.compile(r".*?(?:\r\n\r\n|\n\n|\r\r)(?:\r\n|\n|\r)*|.+", re.S)
_DATA = re.compile(r"(data: ?)([^\r\n]*)")


def events_of_file(name: str, content: bytes) -> Sequence[str]:
    """Return the events of a file, each with its line ends. Raises ValueError with the line of a mistake."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"`{name}`, line {line}: not valid UTF-8: save the file as UTF-8") from None
    events, line = _EVENT.findall(text), 1
    if not text.strip():
        raise ValueError(f"`{name}` has no events: add lines like `data: {{}}`, each followed by an empty line")
    for event in events:
        try:
            check_templates(event)
        except ValueError as error:
            raise ValueError(f"`{name}`, event at line {line}: {error}") from None
        line += len(event.splitlines())
    return events


def check_templates(event: str) -> None:
    """Raise ValueError if a line of an event has an invalid template."""
    for line in event.splitlines() if "{{" in event else ():
        Template.of(line)


def fill_templates(event: str, variables: Variables) -> str:
    """Return an event with its templates filled in; JSON data stay JSON, whatever the values are."""
    if "{{" not in event:
        return event
    return "".join(_fill_line(line, variables) for line in event.splitlines(keepends=True))


def _fill_line(line: str, variables: Variables) -> str:
    found = _DATA.match(line)
    value = parse_json(found[2]) if found and "{{" in line else None
    if found is None or not isinstance(value, dict | list):
        return Template.of(line).text(variables)
    return found[1] + dump_json(fill(value, variables)) + line[found.end() :]


def encode_event(data: str, event: str | None = None) -> bytes:
    """Return the bytes of an event; each line of its data has a field of its own."""
    kind = "" if event is None else f"event: {event}\n"
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\n|\r", data))
    return f"{kind}{lines}\n".encode()


def data_of(event: str) -> Iterator[JSON]:
    """Yield the data of the events in a text; JSON texts are parsed, as far as they can be."""
    for one in _EVENT.findall(event):
        lines = [found[2] for line in one.splitlines() if (found := _DATA.match(line))]
        if lines:
            yield parse_json("\n".join(lines))


def parse_json(text: str) -> JSON:
    """Return the value of a JSON text, or any other text as it is."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def content_tokens(data: JSON) -> int:
    """Return the tokens of the texts and arguments in a chunk or body, as the pacing counts them."""
    from gemulator.generate.token_count import count

    return sum(map(count, _texts(data)))


def _texts(data: JSON) -> Iterator[str]:
    """Yield the contents and arguments of all choices."""
    choices = data.get("choices") if isinstance(data, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        message = (choice.get("delta") or choice.get("message")) if isinstance(choice, dict) else None
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        functions = (
            [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        )
        holders = [(message, "content"), *((function, "arguments") for function in functions)]
        found = (holder.get(name) for holder, name in holders if isinstance(holder, dict))
        yield from (text for text in found if isinstance(text, str))
