"""Ranking of the offered tools for a prompt."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gemulator.generate.prompt_hints.field_kinds import MONEY, kind_of, split_words
from gemulator.generate.prompt_hints.prompt import analyse, shorten
from gemulator.generate.prompt_hints.tool_relation import (
    Parameters,
    clauses,
    names_place,
    parameters_of,
    relation,
    shown,
)
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
_STRONG = 1.5  # weight of a word in the name or description
# Words that a prompt and a description share by chance.
_COMMON = frozenset(
    words(
        """
    if when then than as not no so any some all there here has have had was were they their we our us he she
    about into out up down off over more most less also just only such like other one two each every new
    specific provided based current optional required name value way thing
    """
    )
)
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
        self._alike: dict[tuple[Parameters, frozenset[str]], list[int]] = defaultdict(list)
        for index, tool in enumerate(tools):
            self._alike[parameters_of(tool), frozenset(self._kinds[index])].append(index)
        self._having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, weights in enumerate(self._words):
            for stem, weight in weights.items():
                self._having[stem].append((index, weight))

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

    def related(self, prompt: str) -> int | None:
        """Return the index of the function that has most to do with the prompt; None if none has.

        A prompt in another language than English, whose words functions seldom have, is related to the best one.
        """
        about = shown(shorten(prompt))
        if about.is_talk:
            return None
        if scores := _sums(self._word_scores(prompt), self._value_scores(prompt)):
            return _highest(scores)
        return self.best(prompt) if about.is_foreign or about.names_tools else None

    def steps(self, prompt: str) -> dict[int, str]:
        """Return the functions that clauses of the prompt clearly ask for, in its order, each with its clause."""
        found: dict[int, str] = {}
        for clause in clauses(prompt):
            words = self._word_scores(clause, _STRONG)
            values = {index: score for index, score in self._value_scores(clause).items() if index in words}
            scores = _sums(words, values) or (self._value_scores(clause) if names_place(clause) else {})
            if scores:
                found.setdefault(_highest(scores), clause)
        return found

    def _word_scores(self, prompt: str, least: float = 0.0) -> dict[int, float]:
        """Return the scores of functions that share a word of at least this weight."""
        scores: dict[int, float] = {}
        for stem in dict.fromkeys(stems(shorten(prompt))):
            for index, weight in self._having.get(stem, ()) if stem not in _COMMON else ():
                if weight >= least:
                    scores[index] = scores.get(index, 0.0) + weight * self._rarity[stem]
        return scores

    def _value_scores(self, prompt: str) -> dict[int, float]:
        """Return the scores of functions that take values of the prompt."""
        about, literals = shown(shorten(prompt)), _literal_kinds(prompt)
        scores: dict[int, float] = {}
        for (parameters, kinds), indexes in self._alike.items():
            score = relation(about, parameters) + sum(_LIKING.get(kind, 1.0) for kind in sorted(literals & kinds))
            if score:
                scores.update(dict.fromkeys(indexes, score))
        return scores


def _sums(scores: Mapping[int, float], others: Mapping[int, float]) -> dict[int, float]:
    return {index: scores.get(index, 0.0) + others.get(index, 0.0) for index in (*scores, *others)}


def _highest(scores: Mapping[int, float]) -> int:
    """Return the index of the highest score, the first of equals."""
    return max(scores, key=lambda index: (scores[index], -index))


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
