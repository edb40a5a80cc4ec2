"""What a server reads out of a request about how to decode: whether to think, the form of the words, their number."""

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
    """JSON that fits a schema; None: any object."""

    schema: JSON


class ChoiceConstraint(Struct, frozen=True):
    """Literally one of these texts."""

    options: tuple[str, ...]


class RegexConstraint(Struct, frozen=True):
    """Text that a regular expression matches as a whole."""

    pattern: str

    @property
    def fault(self) -> str | None:
        """What is wrong with the expression; nothing, if Python or we can read it."""
        from gemulator.generate.regex import is_readable

        try:
            re.compile(self.pattern)
        except re.error as error:
            return None if is_readable(self.pattern) else str(error)
        return None


class InvalidConstraint(Struct, frozen=True):
    """A form that the server cannot make out, in its words."""

    reason: str


Thinking: TypeAlias = Literal["asked", "allowed", "off"]
OutputConstraint: TypeAlias = "JsonConstraint | ChoiceConstraint | RegexConstraint | Grammar | InvalidConstraint"


class DecodingOptions(Struct, frozen=True):
    """What an answer must obey beyond what all servers have in common.

    `thinking`: an invented answer has a thought (`asked`), only thoughts that an author wrote are kept (`allowed`),
    or the model does not think at all (`off`). `least` is how many tokens the answer has at least.
    """

    thinking: Thinking = "allowed"
    thought_words: int = 25
    constraint: "OutputConstraint | None" = None
    min_tokens: int = 0


UNBOUND = DecodingOptions()

_WORDS = {"low": 12, "medium": 40, "high": 60}  # as 32, 110 and 145 tokens relate in a probe (fidelity.md, Thinking)

MOST_CANDIDATES = 16_384  # no server makes more answers to one request
_LONGEST = 131_072  # tokens: no window that such servers have is much larger

_BY_DEFAULT: Mapping[str, Thinking] = {
    "always": "asked",
    "on": "asked",
    "written": "allowed",
    "off": "off",
    "never": "off",
}


def decoding_of(request: ChatRequest, voice: ServingProfile) -> DecodingOptions:
    """As the servers of open models read a request."""
    effort = (request.reasoning_effort or "medium") if voice.efforts else ""
    form = constraint_of(request)
    return DecodingOptions(_thinking(request, voice), _WORDS.get(effort, 25), form, _least(request))


def constrain_reasoning(decoding: DecodingOptions, request: ChatRequest) -> DecodingOptions:
    """Where thoughts stand in the content, a form binds all of it: the model cannot think first."""
    formed = decoding.constraint is not None or request.wants_json
    return replace(decoding, thinking="allowed") if formed and decoding.thinking == "asked" else decoding


def _thinking(request: ChatRequest, voice: ServingProfile) -> Thinking:
    kwargs = request.extra_fields.get("chat_template_kwargs")
    said = [kwargs[name] for name in voice.switches if name in kwargs] if isinstance(kwargs, dict) else []
    if said and voice.thinks not in {"always", "never"}:
        return "asked" if said[-1] else "off"
    return _BY_DEFAULT[voice.thinks]


def _least(request: ChatRequest) -> int:
    if request.extra_fields.get("ignore_eos") is True and request.token_limit:
        return min(request.token_limit, _LONGEST) + 1  # one too many, so that the limit ends the answer
    wanted = request.extra_fields.get("min_tokens")
    return min(wanted, _LONGEST) if isinstance(wanted, int) else 0


# ---- guided decoding: `structured_outputs`, the older `guided_…` fields, and structural tags


def constraint_of(request: ChatRequest) -> "OutputConstraint | None":
    """The form that the request demands of the words, beyond what OpenAI's own `response_format` can say."""
    written = request.response_format
    if isinstance(written, dict) and written.get("type") == "structural_tag":
        return _tagged(written)
    if not request.extra_fields:
        return None
    options = constraints(request.extra_fields)
    if options.get("json") is not None or options.get("json_object"):
        return _object(options.get("json"))
    if isinstance(options.get("choice"), list) and options["choice"]:
        return ChoiceConstraint(tuple(map(str, options["choice"])))
    if isinstance(options.get("regex"), str):
        return RegexConstraint(options["regex"])
    if isinstance(options.get("grammar"), str) and options["grammar"].strip():
        return _grammatical(options["grammar"])
    tag = options.get("structural_tag")
    return None if tag is None else _tagged(_loaded(tag))


KINDS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


def constraints(further: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """What is demanded, by kind, in whatever fields it is written."""
    nested = further.get("structured_outputs")
    older = {kind: further.get(f"guided_{kind}") for kind in ("json", "regex", "choice", "grammar")}
    options = older | {"structural_tag": further.get("structural_tag")}
    return options | nested if isinstance(nested, dict) else options


def _object(written: JSON) -> "OutputConstraint":
    schema = _loaded(written)
    return (
        InvalidConstraint("Invalid JSON grammar specification.") if isinstance(schema, str) else JsonConstraint(schema)
    )


def _loaded(written: JSON) -> JSON:
    """The JSON in a text; what is none stays as it is."""
    try:
        return orjson.loads(written) if isinstance(written, str) else written
    except orjson.JSONDecodeError:
        return written


def _grammatical(text: str) -> "OutputConstraint":
    from gemulator.generate.grammar import BadGrammar, read_grammar

    try:
        return read_grammar(text)
    except BadGrammar as bad:
        return InvalidConstraint(f"Grammar error: {bad}")


def _tagged(spec: JSON) -> "OutputConstraint":
    from gemulator.generate.grammar import BadGrammar, read_tag

    try:
        return read_tag(spec)
    except BadGrammar as bad:
        return InvalidConstraint(f"Invalid structural tag specification: {bad}")
