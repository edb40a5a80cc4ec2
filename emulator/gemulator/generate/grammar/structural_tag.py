"""Reads structural tags, in the older form (`structures`) and the newer one (`format`), into a grammar's tree."""

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
    chain,
    dispatched,
    either,
    pattern_of,
)

_DEEPEST = 60
Fields: TypeAlias = Mapping[str, JSON]


def read_structural_tag(spec: JSON) -> Grammar:
    """The grammar of a tag; BadGrammar where its form is not known, or a field is missing in it."""
    if not isinstance(spec, dict):
        raise BadGrammar("a structural tag is an object")
    try:
        body = _older(spec) if "structures" in spec else _Reader().read(spec["format"])
    except KeyError as missing:
        raise BadGrammar(f"{missing} is missing") from None
    except (TypeError, AttributeError, ValueError) as wrong:
        raise BadGrammar(str(wrong)) from None
    return Grammar({"root": body}, "root")


def _older(spec: Fields) -> Node:
    """Tags with a schema each, and the triggers that their beginnings must have."""
    tags = [(str(tag["begin"]), _schema(tag["schema"]), str(tag["end"])) for tag in spec["structures"]]
    _triggered([begin for begin, _, _ in tags], spec["triggers"])
    found = tuple(chain(Literal(begin), schema, Literal(end)) for begin, schema, end in tags)
    return dispatched(found, (), at_once=False, once=False)


def _triggered(begins: list[str], triggers: list[str]) -> None:
    for begin in begins:
        if not any(begin.startswith(trigger) for trigger in triggers):
            raise BadGrammar(f"Trigger {begin} not found in triggers {triggers}")
    if not begins:
        raise BadGrammar("No structural tags found in the grammar spec.")


class _Reader:
    """Reads the formats of the newer form, which stand within each other."""

    def __init__(self) -> None:
        self._depth = 0
        self._formats: Mapping[str, Callable[[Fields], Node]] = {
            "const_string": lambda fields: Literal(_text(fields["value"])),
            "json_schema": lambda fields: _schema(fields["json_schema"], str(fields.get("style", "json"))),
            "qwen_xml_parameter": lambda fields: _schema(fields["json_schema"], "qwen_xml"),
            "grammar": lambda fields: read_ebnf(_text(fields["grammar"])),
            "regex": lambda fields: pattern_of(_text(fields["pattern"])),
            "any_text": lambda fields: Words(_texts(fields, "excludes"), _most(fields)),
            "any_tokens": lambda fields: Words((), _most(fields)),
            "token": lambda fields: EMPTY,  # special tokens are not shown in an answer
            "exclude_token": lambda fields: EMPTY,
            "sequence": lambda fields: Chain(self._all(fields["elements"])),
            "or": lambda fields: either(*self._all(fields["elements"])),
            "optional": lambda fields: Repeat(self.read(fields["content"]), 0, 1),
            "star": lambda fields: Repeat(self.read(fields["content"]), 0, None),
            "plus": lambda fields: Repeat(self.read(fields["content"]), 1, None),
            "repeat": self._repeat,
            "tag": self._tag,
            "triggered_tags": self._triggered_tags,
            "token_triggered_tags": lambda fields: self._dispatched(self._all(fields["tags"]), fields),
            "tags_with_separator": self._separated,
            "dispatch": self._dispatch,
            "token_dispatch": self._dispatch,
        }

    def read(self, fields: Fields) -> Node:
        self._depth += 1
        kind = str(fields["type"])
        if kind not in self._formats:
            raise BadGrammar(f"Format type not recognized: {kind}")
        if self._depth > _DEEPEST:
            raise BadGrammar("nested too deeply")
        node = self._formats[kind](fields)
        self._depth -= 1
        return node

    def _all(self, written: list[Fields]) -> tuple[Node, ...]:
        if not written:
            raise BadGrammar("a list of formats is empty")
        return tuple(map(self.read, written))

    def _repeat(self, fields: Fields) -> Node:
        low, high = int(fields["min"]), int(fields["max"])
        if low < 0 or -1 < high < low:
            raise BadGrammar("the bounds of a repetition are wrong")
        return Repeat(self.read(fields["content"]), low, None if high == -1 else high)

    def _tag(self, fields: Fields) -> Node:
        end = fields["end"]
        ends = [_edge(one) for one in end] if isinstance(end, list) else [_edge(end)]
        content = _unlike(self.read(fields["content"]), [one.text for one in ends if isinstance(one, Literal)])
        return chain(_edge(fields["begin"]), content, either(*ends))

    def _triggered_tags(self, fields: Fields) -> Node:
        _triggered([tag["begin"] for tag in fields["tags"]], fields["triggers"])
        return self._dispatched(self._all(fields["tags"]), fields, *_texts(fields, "triggers"))

    def _dispatched(self, tags: tuple[Node, ...], fields: Fields, *triggers: str) -> Node:
        excludes = (*triggers, *_texts(fields, "excludes"))
        at_once, once = bool(fields.get("at_least_one")), bool(fields.get("stop_after_first"))
        return dispatched(tags, excludes, at_once=at_once, once=once)

    def _separated(self, fields: Fields) -> Node:
        tag = either(*self._all(fields["tags"]))
        more = Repeat(chain(Literal(_text(fields["separator"])), tag), 0, None)
        return tag if fields.get("stop_after_first") else chain(tag, more)

    def _dispatch(self, fields: Fields) -> Node:
        tags = tuple(chain(_edge(begin), self.read(content)) for begin, content in fields["rules"])
        excludes = (*[begin for begin, _ in fields["rules"] if isinstance(begin, str)], *_texts(fields, "excludes"))
        return dispatched(tags, excludes, at_once=False, once=fields.get("loop") is False)


def _text(written: JSON) -> str:
    if not isinstance(written, str):
        raise BadGrammar(f"{written!r} is no text")
    return written


def _schema(written: JSON, style: str = "json") -> Schema:
    if not isinstance(written, dict | bool):
        raise BadGrammar(f"{written!r} is no schema")
    return Schema(written, style)


def _edge(written: JSON) -> Node:
    """A text, or a special token (an object or a number), which is not shown in an answer."""
    return Literal(written) if isinstance(written, str) else EMPTY


def _unlike(content: Node, ends: list[str]) -> Node:
    """Free text within a tag stops at the tag's own end."""
    return content._replace(excludes=(*content.excludes, *ends)) if isinstance(content, Words) else content


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(map(str, fields.get(name) or ()))


def _most(fields: Fields) -> int | None:
    """The characters that free text may have: a token has one at least."""
    limits = [int(fields[name]) for name in ("max_tokens", "max_chars") if fields.get(name) is not None]
    return min(limits, default=None)
