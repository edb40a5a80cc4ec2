"""Relations between a prompt and a tool besides shared words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from gemulator.core.text_cache import cache_texts
from gemulator.generate.prompt_hints.field_kinds import kind_of
from gemulator.generate.prompt_hints.lexicon import FORMULA
from gemulator.generate.prompt_hints.prompt import analyse
from gemulator.generate.text.languages.language import detect, language
from gemulator.generate.text.languages.smalltalk import replies
from gemulator.generate.text.languages.word_blocks import words
from gemulator.generate.text.requested_format import requested_format

_MAX_READ = 4_000  # characters of a prompt that are split into clauses
_MAX_CLAUSES = 16
_QUESTION = re.compile(r"[?？؟]|^\W*(?:who|what|when|where|which|how|look up|search|find)\b", re.I)
_TALK = re.compile(
    r"^\W*(?:how are you|how(?:'s| is) it going|wie geht(?:['’]?s| es)|(?:comment )?ça va|comment allez|cómo estás?"
    r"|qué tal|como (?:vai|está)|お?元気|你好吗|잘 지내)[^,;]{0,24}$",
    re.I,
)
_TOOL = re.compile(r"\b(?:tools?|functions?|tool_calls?|werkzeuge?|outils?|herramientas?|ferramentas?)\b", re.I)
_BOUNDARY = re.compile(
    r"[.!?;:](?:\s|$)|[。！？，；、]|\n"
    r"|,?\s(?:and then|and|then|und dann|und|dann|et puis|et|puis|y luego|y|e depois|e)\s|,\s",
    re.I,
)
_AT = frozenset(words("in at near around for to from visiting en à nach aus em para"))
_NUMBERS = 2  # parameters; a single number in a prompt may mean anything


class Shown(Struct, frozen=True):
    """Relations that a prompt shows: kinds of its values, count of its numbers, and if it may ask for any tool.

    `is_talk`: a greeting, thanks or a question about the assistant. `is_foreign`: not English, so that its words differ
    from those of most tools.
    """

    kinds: frozenset[str]
    numbers: int
    is_talk: bool
    is_foreign: bool
    names_tools: bool


@cache_texts(256, 4_096)
def shown(prompt: str) -> Shown:
    """Return the relations that a prompt shows. Texts that it asks for, like a poem, show none but words."""
    code = detect(prompt)
    shape = requested_format(prompt, language(code)).shape
    is_talk = not prompt.strip() or shape == "hello" or bool(replies(prompt, code) or _TALK.search(prompt))
    is_plain = shape == "prose" and not is_talk
    found = analyse(prompt)
    kinds = frozenset(_value_kinds(prompt)) if is_plain else frozenset()
    numbers = len(found.numbers) if is_plain else 0
    return Shown(kinds, numbers, is_talk, is_plain and code != "en", bool(_TOOL.search(prompt)))


def _value_kinds(prompt: str) -> Iterator[str]:
    found = analyse(prompt)
    if found.names:
        yield from ("place", "person", "from", "to")
    if found.codes:
        yield "code"
    if FORMULA.search(found.text):
        yield "formula"
    if _QUESTION.search(prompt):
        yield from ("query", "sql")


class Parameters(Struct, frozen=True):
    """Kinds of the parameters of a tool, and the count of those that are numbers."""

    kinds: frozenset[str]
    numbers: int


def parameters_of(tool: Mapping[str, Any]) -> Parameters:
    """Return what the parameters of a tool take."""
    schema = tool.get("parameters")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    each = [(str(name), one) for name, one in properties.items()] if isinstance(properties, Mapping) else []
    kinds, numbers = set(), 0
    for name, one in each:
        if isinstance(one, Mapping):
            kinds.add(kind_of(name, one))
            numbers += str(one.get("type")).lower() in ("integer", "number")
    return Parameters(frozenset(kinds), numbers)


def relation(prompt: Shown, parameters: Parameters) -> float:
    """Return how well the values of a prompt suit the parameters; 0 if they do not."""
    shared = prompt.kinds & parameters.kinds
    enough = _NUMBERS <= parameters.numbers <= prompt.numbers
    return 0.5 * bool(shared - {"query", "sql"}) + 0.25 * bool(shared & {"query", "sql"}) + 0.5 * enough


def clauses(prompt: str) -> list[str]:
    """Return the clauses of a prompt in its order, each of which may ask for something else."""
    parts = (part.strip() for part in _BOUNDARY.split(prompt[:_MAX_READ]))
    return [part for part in parts if part][:_MAX_CLAUSES]


def names_place(clause: str) -> bool:
    """Return True if a name in the clause is that of a place by the word before it."""
    return any(name.before in _AT for name in analyse(clause).names)
