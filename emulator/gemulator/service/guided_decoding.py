"""Decoding options of a request: thinking, output constraint, minimum length."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.json_types import JSON
from gemulator.request.body import ChatRequest
from gemulator.service.serving_profile import ServingProfile

if TYPE_CHECKING:
    from gemulator.generate.grammar import Grammar


class JsonConstraint(Struct, frozen=True):
    """JSON that is valid against a schema; None allows any object."""

    schema: JSON


class ChoiceConstraint(Struct, frozen=True):
    """Exactly one of these texts."""

    options: tuple[str, ...]


class RegexConstraint(Struct, frozen=True):
    """Text that a regular expression matches as a whole."""

    pattern: str

    @property
    def syntax_error(self) -> str | None:
        """Return the syntax error of the expression, or None if Python or `generate.regex` can parse it."""
        from gemulator.generate.regex import is_readable

        try:
            re.compile(self.pattern)
        except re.error as error:
            return None if is_readable(self.pattern) else str(error)
        return None


class InvalidConstraint(Struct, frozen=True):
    """Constraint that the server cannot parse, with the server's reason."""

    reason: str


Thinking: TypeAlias = Literal["asked", "allowed", "off"]
OutputConstraint: TypeAlias = "JsonConstraint | ChoiceConstraint | RegexConstraint | Grammar | InvalidConstraint"


class DecodingOptions(Struct, frozen=True):
    """Requirements for an answer beyond those common to all servers.

    `thinking`: a generated answer has a thought (`asked`), only thoughts of a scenario are kept (`allowed`), or the
    model does not think at all (`off`). `thought_words` is the length of a generated thought.
    """

    thinking: Thinking = "allowed"
    thought_words: int = 25
    constraint: "OutputConstraint | None" = None
    min_tokens: int = 0


UNCONSTRAINED = DecodingOptions()

_THOUGHT_WORDS = {
    "low": 12,
    "medium": 40,
    "high": 60,
}  # as 32, 110 and 145 tokens relate in a probe (fidelity.md, Thinking)

MAX_CANDIDATES = 16_384  # vLLM's maximum of `n`; no other server allows more
_MAX_TOKENS = 131_072  # about the largest context window of such servers

_DEFAULT_THINKING: Mapping[str, Thinking] = {
    "always": "asked",
    "on": "asked",
    "written": "allowed",
    "off": "off",
    "never": "off",
}


def decoding_options(request: ChatRequest, profile: ServingProfile) -> DecodingOptions:
    """Return the decoding options that servers of open models read from a request."""
    effort = (request.reasoning_effort or "medium") if profile.efforts else ""
    thought_words = _THOUGHT_WORDS.get(effort, 25)
    return DecodingOptions(_thinking(request, profile), thought_words, constraint_of(request), _min_tokens(request))


def constrain_reasoning(decoding: DecodingOptions, request: ChatRequest) -> DecodingOptions:
    """Return options without a generated thought if a constraint applies to a content that includes thoughts."""
    constrained = decoding.constraint is not None or request.wants_json
    return replace(decoding, thinking="allowed") if constrained and decoding.thinking == "asked" else decoding


def _thinking(request: ChatRequest, profile: ServingProfile) -> Thinking:
    kwargs = request.extra_fields.get("chat_template_kwargs")
    switches = [kwargs[name] for name in profile.switches if name in kwargs] if isinstance(kwargs, dict) else []
    if switches and profile.thinks not in {"always", "never"}:
        return "asked" if switches[-1] else "off"
    return _DEFAULT_THINKING[profile.thinks]


def _min_tokens(request: ChatRequest) -> int:
    if request.extra_fields.get("ignore_eos") is True and request.token_limit:
        return min(request.token_limit, _MAX_TOKENS) + 1  # one more, to let the limit end the answer
    value = request.extra_fields.get("min_tokens")
    return min(value, _MAX_TOKENS) if isinstance(value, int) else 0


# ---- guided decoding: `structured_outputs`, the older `guided_…` fields, and structural tags


def constraint_of(request: ChatRequest) -> "OutputConstraint | None":
    """Return the output constraint of a request beyond OpenAI's own `response_format` types, or None."""
    response_format = request.response_format
    if isinstance(response_format, dict) and response_format.get("type") == "structural_tag":
        return _tag_constraint(response_format)
    if not request.extra_fields:
        return None
    options = constraint_values(request.extra_fields)
    if options.get("json") is not None or options.get("json_object"):
        return _json_constraint(options.get("json"))
    if isinstance(options.get("choice"), list) and options["choice"]:
        return ChoiceConstraint(tuple(map(str, options["choice"])))
    if isinstance(options.get("regex"), str):
        return RegexConstraint(options["regex"])
    if isinstance(options.get("grammar"), str) and options["grammar"].strip():
        return _grammar_constraint(options["grammar"])
    tag = options.get("structural_tag")
    return None if tag is None else _tag_constraint(_parse_json(tag))


def constraint_length(request: ChatRequest) -> int:
    """Return the characters of grammars, patterns and other constraints that are given as text."""
    if not request.extra_fields:
        return 0
    return sum([len(value) for value in constraint_values(request.extra_fields).values() if isinstance(value, str)])


KINDS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


def constraint_values(extra_fields: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the constraint values by kind, from `structured_outputs` or the older fields."""
    nested = extra_fields.get("structured_outputs")
    older = {kind: extra_fields.get(f"guided_{kind}") for kind in ("json", "regex", "choice", "grammar")}
    options = older | {"structural_tag": extra_fields.get("structural_tag")}
    return options | nested if isinstance(nested, dict) else options


def _json_constraint(value: JSON) -> "OutputConstraint":
    schema = _parse_json(value)
    return (
        InvalidConstraint("Invalid JSON grammar specification.") if isinstance(schema, str) else JsonConstraint(schema)
    )


def _parse_json(value: JSON) -> JSON:
    """Return the JSON in a text; return anything else unchanged."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return value


def _grammar_constraint(text: str) -> "OutputConstraint":
    from gemulator.generate.grammar import BadGrammar, read_grammar

    try:
        return read_grammar(text)
    except BadGrammar as bad:
        return InvalidConstraint(f"Grammar error: {bad}")


def _tag_constraint(spec: JSON) -> "OutputConstraint":
    from gemulator.generate.grammar import BadGrammar, read_tag

    try:
        return read_tag(spec)
    except BadGrammar as bad:
        return InvalidConstraint(f"Invalid structural tag specification: {bad}")
