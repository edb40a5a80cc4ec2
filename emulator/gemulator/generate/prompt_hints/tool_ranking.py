"""Ranking of the offered tools for a prompt."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gemulator.generate.prompt_hints.field_kinds import MONEY, kind_of, split_words
from gemulator.generate.prompt_hints.prompt import analyse, shorten
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


# Generic verbs: the rest of the name is more specific.
_VERB = re.compile(
    r"^(?:send|create|set|add|make|update|search|show|run|fetch|list|open|start|find|delete|read|write)(?=[_A-Z-]|$)",
    re.I,
)
_MAX_READ, _MIN_READ = 400_000, 400  # characters of all tools, and of each at least
_MAX_MEMBERS = 1_000  # of an enum
_LIKING = {"money": 2.5}  # weight of kinds that few tools accept


def stems(text: str) -> Iterator[str]:
    """Yield word stems; pairs of characters for scripts without spaces."""
    for word in _WORD.findall(text):
        if _CJK.match(word):
            yield from (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif (lower := word.lower()) not in _EMPTY:
            yield _ENDING.sub("", lower) if len(lower) > 4 else lower.removesuffix("s")


class ToolTable:
    """Words and kinds of parameters of functions (`name`, `description`, `parameters`), read once for many prompts."""

    def __init__(self, tools: Sequence[Mapping[str, Any]]) -> None:
        most = max(_MAX_READ // max(len(tools), 1), _MIN_READ)
        self._words = [dict(_weights(tool, most)) for tool in tools]
        spread = Counter(stem for words in self._words for stem in words)
        self._rarity = {stem: math.log(1 + len(tools) / count) for stem, count in spread.items()}
        self._kinds = [set(_parameter_kinds(tool)) for tool in tools]

    def best(self, prompt: str) -> int:
        """Return the index of the function that shares most words with the prompt.

        Words count more if fewer functions have them, and more in a name than in a description. A function with a
        parameter for the address, time or amount in the prompt ranks higher. The first of equals wins.
        """
        asked, shapes = set(stems(shorten(prompt))), _literal_kinds(prompt)
        scores = [
            sum(weight * self._rarity[stem] for stem, weight in words.items() if stem in asked)
            + sum(_LIKING.get(kind, 1.0) for kind in shapes & kinds)
            for words, kinds in zip(self._words, self._kinds, strict=True)
        ]
        return max(range(len(scores)), key=lambda index: (scores[index], -index), default=0)


def _literal_kinds(prompt: str) -> set[str]:
    """Return the kinds of values in the prompt that few tools accept."""
    found = analyse(prompt)
    moments = {"datetime", "time"} if found.times else {"date"} if found.dates or found.days else set()
    others = {"email": found.emails, "url": found.urls, "path": found.paths, "money": found.currencies}
    return moments | {kind for kind, named in others.items() if named}


def _parameter_kinds(tool: Mapping[str, Any]) -> Iterator[str]:
    """Yield the kinds of the tool's parameters."""
    parameters = tool.get("parameters")
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping):
            items = schema.get("items")
            yield kind_of(str(name), items if isinstance(items, Mapping) else schema)
            if not MONEY.isdisjoint(split_words(str(name))):
                yield "money"


def _weights(tool: Mapping[str, Any], most: int) -> Iterable[tuple[str, float]]:
    """Return the stems of a tool with their weights; of its texts, `most` characters are read."""
    weights: dict[str, float] = {}
    for text, weight in _texts(tool):
        if most <= 0:
            break
        part = text[:most]
        most -= len(part) + 1
        for stem in stems(part):
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
            members = schema.get("enum")
            yield " ".join(map(str, members[:_MAX_MEMBERS])) if isinstance(members, list) else "", 0.8
