"""Parser for structural tags, both the old `structures` and the new `format`."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gemulator.core.json_types import JSON
from gemulator.generate.grammar.ebnf import read_ebnf
from gemulator.generate.grammar.nodes import (  # fmt: skip
    EMPTY,
    BadGrammar,
    Chain,
    Grammar,
    Literal,
    Node,
    Repeat,
    Schema,
    Words,
    alternatives,
    chain,
    dispatch_tags,
    parse_pattern,
)

_MAX_DEPTH = 60
_MAX_FORMATS = 20_000
Fields: TypeAlias = Mapping[str, JSON]


def read_structural_tag(spec: JSON) -> Grammar:
    """Parse a structural tag; raise BadGrammar if its type is unknown or a field is missing."""
    if not isinstance(spec, dict):
        raise BadGrammar("a structural tag must be an object")
    try:
        body = _read_structures(spec) if "structures" in spec else _FormatReader().read(spec["format"])
    except KeyError as missing:
        raise BadGrammar(f"{missing} is missing") from None
    except (TypeError, AttributeError, ValueError) as wrong:
        raise BadGrammar(str(wrong)) from None
    return Grammar({"root": body}, "root")


def _read_structures(spec: Fields) -> Node:
    """Parse the old form: tags with one schema each, and the triggers that tags must begin with."""
    tags = [(str(tag["begin"]), _schema(tag["schema"]), str(tag["end"])) for tag in spec["structures"]]
    _check_triggers([begin for begin, _, _ in tags], spec["triggers"])
    found = tuple(chain(Literal(begin), schema, Literal(end)) for begin, schema, end in tags)
    return dispatch_tags(found, (), tag_first=False, stop_after_first=False)


def _check_triggers(begins: list[str], triggers: list[str]) -> None:
    known = set(triggers)
    lengths = sorted({len(trigger) for trigger in known})
    for begin in begins:
        if not any(begin[:length] in known for length in lengths if length <= len(begin)):
            raise BadGrammar(f"Trigger {begin} not found in triggers {triggers}")
    if not begins:
        raise BadGrammar("No structural tags found in the grammar spec.")


class _FormatReader:
    """Parser for the nested formats of the new form."""

    def __init__(self) -> None:
        self._depth = 0
        self._count = 0
        self._formats: Mapping[str, Callable[[Fields], Node]] = {
            "const_string": lambda fields: Literal(_text(fields["value"])),
            "json_schema": lambda fields: _schema(fields["json_schema"], str(fields.get("style", "json"))),
            "qwen_xml_parameter": lambda fields: _schema(fields["json_schema"], "qwen_xml"),
            "grammar": lambda fields: read_ebnf(_text(fields["grammar"])),
            "regex": lambda fields: parse_pattern(_text(fields["pattern"])),
            "any_text": lambda fields: Words(_texts(fields, "excludes"), _max_length(fields)),
            "any_tokens": lambda fields: Words((), _max_length(fields)),
            "token": lambda fields: EMPTY,  # special tokens are not part of the answer text
            "exclude_token": lambda fields: EMPTY,
            "sequence": lambda fields: Chain(self._all(fields["elements"])),
            "or": lambda fields: alternatives(*self._all(fields["elements"])),
            "optional": lambda fields: Repeat(self.read(fields["content"]), 0, 1),
            "star": lambda fields: Repeat(self.read(fields["content"]), 0, None),
            "plus": lambda fields: Repeat(self.read(fields["content"]), 1, None),
            "repeat": self._repeat,
            "tag": self._tag,
            "triggered_tags": self._triggered_tags,
            "token_triggered_tags": lambda fields: self._with_free_text(self._all(fields["tags"]), fields),
            "tags_with_separator": self._tags_with_separator,
            "dispatch": self._dispatch,
            "token_dispatch": self._dispatch,
        }

    def read(self, fields: Fields) -> Node:
        self._depth += 1
        self._count += 1
        if self._count > _MAX_FORMATS:
            raise BadGrammar(f"gemulator reads at most {_MAX_FORMATS:,} formats of a structural tag")
        kind = str(fields["type"])
        if kind not in self._formats:
            raise BadGrammar(f"Format type not recognized: {kind}")
        if self._depth > _MAX_DEPTH:
            raise BadGrammar("nested too deeply")
        node = self._formats[kind](fields)
        self._depth -= 1
        return node

    def _all(self, value: list[Fields]) -> tuple[Node, ...]:
        if not value:
            raise BadGrammar("a list of formats must not be empty")
        return tuple(map(self.read, value))

    def _repeat(self, fields: Fields) -> Node:
        low, high = int(fields["min"]), int(fields["max"])
        if low < 0 or -1 < high < low:
            raise BadGrammar(f"invalid repetition bounds: min {low}, max {high}")
        return Repeat(self.read(fields["content"]), low, None if high == -1 else high)

    def _tag(self, fields: Fields) -> Node:
        end = fields["end"]
        ends = [_boundary(one) for one in end] if isinstance(end, list) else [_boundary(end)]
        content = _excluding_ends(self.read(fields["content"]), [one.text for one in ends if isinstance(one, Literal)])
        return chain(_boundary(fields["begin"]), content, alternatives(*ends))

    def _triggered_tags(self, fields: Fields) -> Node:
        _check_triggers([tag["begin"] for tag in fields["tags"]], fields["triggers"])
        return self._with_free_text(self._all(fields["tags"]), fields, *_texts(fields, "triggers"))

    def _with_free_text(self, tags: tuple[Node, ...], fields: Fields, *triggers: str) -> Node:
        excludes = (*triggers, *_texts(fields, "excludes"))
        tag_first, stop_after_first = bool(fields.get("at_least_one")), bool(fields.get("stop_after_first"))
        return dispatch_tags(tags, excludes, tag_first=tag_first, stop_after_first=stop_after_first)

    def _tags_with_separator(self, fields: Fields) -> Node:
        tag = alternatives(*self._all(fields["tags"]))
        more = Repeat(chain(Literal(_text(fields["separator"])), tag), 0, None)
        return tag if fields.get("stop_after_first") else chain(tag, more)

    def _dispatch(self, fields: Fields) -> Node:
        tags = tuple(chain(_boundary(begin), self.read(content)) for begin, content in fields["rules"])
        excludes = (*[begin for begin, _ in fields["rules"] if isinstance(begin, str)], *_texts(fields, "excludes"))
        return dispatch_tags(tags, excludes, tag_first=False, stop_after_first=fields.get("loop") is False)


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise BadGrammar(f"{value!r} is not a string")
    return value


def _schema(value: JSON, style: str = "json") -> Schema:
    if not isinstance(value, dict | bool):
        raise BadGrammar(f"{value!r} is not a JSON Schema")
    return Schema(value, style)


def _boundary(value: JSON) -> Node:
    """Return a literal, or EMPTY for a special token (an object or a number)."""
    return Literal(value) if isinstance(value, str) else EMPTY


def _excluding_ends(content: Node, ends: list[str]) -> Node:
    """Exclude the end of a tag from free text inside it."""
    return content._replace(excludes=(*content.excludes, *ends)) if isinstance(content, Words) else content


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(map(str, fields.get(name) or ()))


def _max_length(fields: Fields) -> int | None:
    """Return the maximum length of free text; a token has at least one character."""
    limits = [int(fields[name]) for name in ("max_tokens", "max_chars") if fields.get(name) is not None]
    return min(limits, default=None)
