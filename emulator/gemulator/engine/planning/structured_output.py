"""Generated text under guided decoding: JSON, choice, regex or grammar."""

from collections.abc import Sequence

from gemulator.core.budget import LETTERS_PER_STEP, Budget, BudgetExceeded
from gemulator.core.errors import Unsatisfiable, UnsatisfiableWithinLimit
from gemulator.core.json_types import JSON, dump_json
from gemulator.core.seed import Seed
from gemulator.engine.planning.schema_value import schema_value
from gemulator.generate.grammar import Grammar, Schema, format_value, sample
from gemulator.generate.json_schema import value_for
from gemulator.generate.prompt_hints import Hints, analyse, is_event, requested_keys, schema_of, shorten
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

_OPTIONS_PER_STEP = 16  # options that are looked for in the prompt in one step
_LETTERS_COMPARED = 20_000_000  # of options times prompt
_WORDS_STEPS = 20  # of a short text


def structured_output(constraint: OutputConstraint, conversation: Conversation, seed: Seed, budget: Budget) -> str:
    """Return text that satisfies the constraint. Raise Unsatisfiable if there is none or `budget` is too small."""
    prompt = conversation.user_text
    match constraint:
        case JsonConstraint(schema):
            return _json_text(schema, conversation, seed, budget)
        case ChoiceConstraint(options):
            budget.add(len(options) // _OPTIONS_PER_STEP)
            named = _find_mentioned(options, prompt)
            return options[named[0]] if len(named) == 1 else seed.child("choice").pick(options)
        case RegexConstraint(pattern):
            return _matching_text(pattern, seed.child("regex"), budget)
        case InvalidConstraint():  # servers that do not refuse it ignore it
            return answer(seed.child("answer"), prompt)
        case grammar:
            return _grammar_text(grammar, conversation, seed.child("grammar"), budget)


def _json_text(schema: JSON, conversation: Conversation, seed: Seed, budget: Budget) -> str:
    try:
        return dump_json(matching_value(schema, conversation, seed, budget))
    except Unsatisfiable as error:
        is_response_schema = schema is not None and schema == conversation.request.response_schema
        raise (error.within("response_format.json_schema.schema") if is_response_schema else error) from None


def matching_value(schema: JSON, conversation: Conversation, seed: Seed, budget: Budget) -> JSON:
    """Return a value for the schema; without one, an object with the keys that the prompt names."""
    prompt = shorten(conversation.user_text)
    budget.expect(len(prompt) // LETTERS_PER_STEP)
    if schema is None:
        schema = schema_of(requested_keys(prompt) or ("result",), prompt)
    found = analyse(prompt)
    hints = Hints(found, seed=seed.child("json", "topic"), budget=budget, is_event=is_event(schema))
    return schema_value(schema, found, seed.child("json"), hints, budget)


def _find_mentioned(options: Sequence[str], prompt: str) -> Sequence[int]:
    """Return the indexes of the options that the prompt names; of very many, only the first are looked for."""
    text = shorten(prompt).lower()
    read = options[: max(_LETTERS_COMPARED // max(len(text), 1), 1)]
    return [index for index, option in enumerate(read) if option.lower() in text]


def _matching_text(pattern: str, seed: Seed, budget: Budget) -> str:
    return str(value_for({"type": "string", "pattern": f"^(?:{pattern})$"}, seed, budget=budget))


def _grammar_text(grammar: Grammar, conversation: Conversation, seed: Seed, budget: Budget) -> str:
    try:
        return sample(grammar, _PromptContent(conversation, budget), seed, budget)
    except BudgetExceeded:
        raise UnsatisfiableWithinLimit("", "no text of the grammar was found within the work limit") from None


class _PromptContent:
    """Content for the open parts of a grammar: prose, and values that the prompt suggests."""

    def __init__(self, conversation: Conversation, budget: Budget) -> None:
        self._conversation = conversation
        self._budget = budget

    def words(self, seed: Seed) -> str:
        self._budget.spend(_WORDS_STEPS)
        return answer(seed, self._conversation.user_text, words=12)

    def matching(self, pattern: str, seed: Seed) -> str:
        prose = self.words(seed.child("words"))
        return prose if matcher(f"^(?:{pattern})$")(prose) else _matching_text(pattern, seed, self._budget)

    def value(self, schema: Schema, seed: Seed) -> str:
        return format_value(matching_value(schema.schema, self._conversation, seed, self._budget), schema.style)

    def find_mentioned(self, texts: Sequence[str]) -> int | None:
        self._budget.spend(len(texts) // _OPTIONS_PER_STEP)
        options = [text.strip() for text in texts]
        named = [index for index in _find_mentioned(options, self._conversation.user_text) if len(options[index]) > 1]
        return named[0] if len(named) == 1 else None
