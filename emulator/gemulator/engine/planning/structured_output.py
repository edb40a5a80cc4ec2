"""Invented words in the form that a request demands: JSON, one of some texts, a pattern, or a grammar."""

from collections.abc import Sequence
from typing import Any

import orjson

from gemulator.core.json_types import JSON
from gemulator.core.seed import Seed
from gemulator.generate.grammar import Schema, format_value, sample
from gemulator.generate.json_schema import Unsatisfiable, value_for
from gemulator.generate.prompt_hints import Hints, analyse, requested_keys, schema_of
from gemulator.generate.regex import matcher
from gemulator.generate.text.answer import answer
from gemulator.request.conversation import Conversation
from gemulator.service.guided_decoding import (
    ChoiceConstraint,
    InvalidConstraint,
    JsonConstraint,
    OutputConstraint,
    RegexConstraint,
)


def structured_output(form: OutputConstraint, conversation: Conversation, seed: Seed) -> str:
    """Words that obey guided decoding."""
    prompt = conversation.user_text
    match form:
        case JsonConstraint(schema):
            return _object(schema, conversation, seed)
        case ChoiceConstraint(options):
            named = _named(options, prompt)
            return options[named[0]] if len(named) == 1 else seed.child("choice").pick(options)
        case RegexConstraint(pattern):
            return _matching(pattern, seed.child("regex"))
        case InvalidConstraint():  # a server that does not refuse it cannot have read it
            return answer(seed.child("answer"), prompt)
        case grammar:
            return sample(grammar, _Speaker(conversation), seed.child("grammar"))


def _object(schema: JSON, conversation: Conversation, seed: Seed) -> str:
    try:
        return orjson.dumps(fitting(schema, conversation, seed)).decode()
    except Unsatisfiable as error:
        named = schema is not None and schema == conversation.request.response_schema
        raise (error.within("response_format.json_schema.schema") if named else error) from None


def fitting(schema: JSON, conversation: Conversation, seed: Seed) -> Any:
    """A value for a schema; None: an object with the keys that the prompt names."""
    if schema is None:
        schema = schema_of(requested_keys(conversation.user_text) or ("result",), conversation.user_text)
    hints = Hints(analyse(conversation.user_text), seed=seed.child("json", "topic"))
    return value_for(schema, seed.child("json"), hints=hints)


def _named(options: Sequence[str], prompt: str) -> Sequence[int]:
    """Which options the prompt names."""
    return [index for index, option in enumerate(options) if option.lower() in prompt.lower()]


def _matching(pattern: str, seed: Seed) -> str:
    return str(value_for({"type": "string", "pattern": f"^(?:{pattern})$"}, seed))


class _Speaker:
    """Says what a grammar leaves open: prose where that fits, and what the prompt asks for."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def words(self, seed: Seed) -> str:
        return answer(seed, self._conversation.user_text, words=12)

    def matching(self, pattern: str, seed: Seed) -> str:
        prose = self.words(seed.child("words"))
        return prose if matcher(f"^(?:{pattern})$")(prose) else _matching(pattern, seed)

    def value(self, schema: Schema, seed: Seed) -> str:
        return format_value(fitting(schema.schema, self._conversation, seed), schema.style)

    def find_mentioned(self, texts: Sequence[str]) -> int | None:
        letters = [text.strip() for text in texts]
        named = [index for index in _named(letters, self._conversation.user_text) if len(letters[index]) > 1]
        return named[0] if len(named) == 1 else None
