"""Which of the offered tools a prompt speaks of."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gemulator.generate.prompt_hints.field_kinds import MONEY, kind_of, words_of
from gemulator.generate.prompt_hints.prompt import read
from gemulator.generate.text.languages.word_blocks import words

_WORD = re.compile(r"[A-Z]?[a-zß-öø-ÿ]+|[A-Z]+(?![a-zß-ÿ])|[^\W\d_A-Za-zß-ÿ]+|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_ENDING = re.compile(r"(?:ations?|ings?|ments?|ers?|ors?|ed|ies|es|e|s|y)$")
_EMPTY = frozenset(
    words(
        """
    a an the of to in on at for and or is are be it its this that with by from what which how do does i me my
    you your given get return use used using can will please want would like
    """
    )
)


# What tools do to anything: the rest of the name says more.
_VERB = re.compile(
    r"^(?:send|create|set|add|make|update|search|show|run|fetch|list|open|start|find|delete|read|write)(?=[_A-Z-]|$)",
    re.I,
)
_LIKING = {"money": 2.5}  # what few tools have a place for


def stems(text: str) -> Iterator[str]:
    """Words cut to what their forms have in common; writing without spaces in pairs of characters."""
    for word in _WORD.findall(text):
        if _CJK.match(word):
            yield from (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif (lower := word.lower()) not in _EMPTY:
            yield _ENDING.sub("", lower) if len(lower) > 4 else lower.removesuffix("s")


def best_tool(prompt: str, tools: Sequence[Mapping[str, Any]]) -> int:
    """The index of the function (`name`, `description`, `parameters`) that shares most words with the prompt.

    A word counts the more the fewer tools have it, and more in a name than in a description. A tool with a place for
    the address, the time or the amount that the prompt names is liked better. The first of equals wins.
    """
    asked = set(stems(prompt))
    shapes = _shapes(prompt)
    offered = [Counter(dict(_weighed(tool))) for tool in tools]
    spread = Counter(stem for words in offered for stem in words)
    scores = [
        sum(weight * math.log(1 + len(tools) / spread[stem]) for stem, weight in words.items() if stem in asked)
        + sum(_LIKING.get(kind, 1.0) for kind in shapes & set(_wanted(tool)))
        for tool, words in zip(tools, offered, strict=True)
    ]
    return max(range(len(tools)), key=lambda index: (scores[index], -index), default=0)


def _shapes(prompt: str) -> set[str]:
    """The kinds of things in the prompt that few tools have a place for."""
    found = read(prompt)
    moments = {"datetime", "time"} if found.times else {"date"} if found.dates or found.days else set()
    others = {"email": found.emails, "url": found.urls, "path": found.paths, "money": found.currencies}
    return moments | {kind for kind, named in others.items() if named}


def _wanted(tool: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of things that the tool's parameters are."""
    parameters = tool.get("parameters")
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping):
            items = schema.get("items")
            yield kind_of(str(name), items if isinstance(items, Mapping) else schema)
            if not MONEY.isdisjoint(words_of(str(name))):
                yield "money"


def _weighed(tool: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    weights: dict[str, float] = {}
    for text, weight in _texts(tool):
        for stem in stems(text):
            weights[stem] = max(weights.get(stem, 0), weight)
    return weights.items()


def _texts(tool: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    name = str(tool.get("name") or "")
    yield _VERB.sub("", name), 3.0
    yield name, 1.0
    yield str(tool.get("description") or ""), 1.5
    parameters = tool.get("parameters")
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        yield str(name), 1.0
        if isinstance(schema, Mapping):
            yield str(schema.get("description") or ""), 0.6
            yield " ".join(str(member) for member in schema.get("enum") or ()), 0.8
