"""Generated text under guided decoding: JSON, choice, regex or grammar."""

from collections.abc import Sequence
from typing import Any

from gemulator.core.json_types import JSON, dump_json
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


def structured_output(constraint: OutputConstraint, conversation: Conversation, seed: Seed) -> str:
    """Return text that satisfies the constraint. Raise Unsatisfiable if there is none."""
    prompt = conversation.user_text
    match constraint:
        case JsonConstraint(schema):
            return _json_text(schema, conversation, seed)
        case ChoiceConstraint(options):
            named = _find_mentioned(options, prompt)
            return options[named[0]] if len(named) == 1 else seed.child("choice").pick(options)
        case RegexConstraint(pattern):
            return _matching_text(pattern, seed.child("regex"))
        case InvalidConstraint():  # servers that do not refuse it ignore it
            return answer(seed.child("answer"), prompt)
        case grammar:
            return sample(grammar, _PromptContent(conversation), seed.child("grammar"))


def _json_text(schema: JSON, conversation: Conversation, seed: Seed) -> str:
    try:
        return dump_json(matching_value(schema, conversation, seed))
    except Unsatisfiable as error:
        is_response_schema = schema is not None and schema == conversation.request.response_schema
        raise (error.within("response_format.json_schema.schema") if is_response_schema else error) from None


def matching_value(schema: JSON, conversation: Conversation, seed: Seed) -> Any:
    """Return a value for the schema; without one, an object with the keys that the prompt names."""
    if schema is None:
        schema = schema_of(requested_keys(conversation.user_text) or ("result",), conversation.user_text)
    hints = Hints(analyse(conversation.user_text), seed=seed.child("json", "topic"))
    return value_for(schema, seed.child("json"), hints=hints)


def _find_mentioned(options: Sequence[str], prompt: str) -> Sequence[int]:
    """Return the indexes of the options that the prompt names."""
    return [index for index, option in enumerate(options) if option.lower() in prompt.lower()]


def _matching_text(pattern: str, seed: Seed) -> str:
    return str(value_for({"type": "string", "pattern": f"^(?:{pattern})$"}, seed))


class _PromptContent:
    """Content for the open parts of a grammar: prose, and values that the prompt suggests."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def words(self, seed: Seed) -> str:
        return answer(seed, self._conversation.user_text, words=12)

    def matching(self, pattern: str, seed: Seed) -> str:
        prose = self.words(seed.child("words"))
        return prose if matcher(f"^(?:{pattern})$")(prose) else _matching_text(pattern, seed)

    def value(self, schema: Schema, seed: Seed) -> str:
        return format_value(matching_value(schema.schema, self._conversation, seed), schema.style)

    def find_mentioned(self, texts: Sequence[str]) -> int | None:
        options = [text.strip() for text in texts]
        named = [index for index in _find_mentioned(options, self._conversation.user_text) if len(options[index]) > 1]
        return named[0] if len(named) == 1 else None
