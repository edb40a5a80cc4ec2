"""What a server reads out of a request about how to decode: whether to think, the form of the words, their number."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import orjson
from msgspec import Struct

from emulator.request import JSON, ChatRequest
from emulator.voice import Voice


class Object(Struct, frozen=True):
    """JSON that fits a schema; None: any object."""

    schema: JSON


class OneOf(Struct, frozen=True):
    """Literally one of these texts."""

    options: tuple[str, ...]


class Matching(Struct, frozen=True):
    """Text that a regular expression matches as a whole."""

    pattern: str


class Tagged(Struct, frozen=True):
    """Free text in which JSON that fits `schema` stands between two literal tags."""

    begin: str
    schema: JSON
    end: str


Thinking: TypeAlias = Literal["asked", "allowed", "off"]
Form: TypeAlias = Object | OneOf | Matching | Tagged


class Decoding(Struct, frozen=True):
    """What an answer must obey beyond what all servers have in common.

    `thinking`: an invented answer has a thought (`asked`), only thoughts that an author wrote are kept (`allowed`),
    or the model does not think at all (`off`). `least` is how many tokens the answer has at least.
    """

    thinking: Thinking = "allowed"
    thought_words: int = 25
    form: Form | None = None
    least: int = 0


UNBOUND = Decoding()

_WORDS = {"low": 12, "medium": 40, "high": 60}  # as 32, 110 and 145 tokens relate in a probe (fidelity.md, Thinking)

_BY_DEFAULT: Mapping[str, Thinking] = {
    "always": "asked",
    "on": "asked",
    "written": "allowed",
    "off": "off",
    "never": "off",
}


def decoding_of(request: ChatRequest, voice: Voice) -> Decoding:
    """As the servers of open models read a request."""
    effort = (request.reasoning_effort or "medium") if voice.efforts else ""
    form = _tagged(request.response_format) or form_of(request.further)
    return Decoding(_thinking(request, voice), _WORDS.get(effort, 25), form, _least(request))


def _thinking(request: ChatRequest, voice: Voice) -> Thinking:
    kwargs = request.further.get("chat_template_kwargs")
    said = [kwargs[name] for name in voice.switches if name in kwargs] if isinstance(kwargs, dict) else []
    if said and voice.thinks not in {"always", "never"}:
        return "asked" if said[-1] else "off"
    return _BY_DEFAULT[voice.thinks]


def _least(request: ChatRequest) -> int:
    if request.further.get("ignore_eos") is True and request.token_limit:
        return request.token_limit + 1  # one too many, so that the limit ends the answer
    wanted = request.further.get("min_tokens")
    return wanted if isinstance(wanted, int) else 0


# ---- guided decoding: `structured_outputs`, the older `guided_…` fields, and structural tags


def form_of(further: Mapping[str, JSON]) -> Form | None:
    """The form that the fields beyond OpenAI's demand. A grammar is accepted and not obeyed (fidelity.md, vLLM)."""
    nested = further.get("structured_outputs")
    options: dict[str, JSON] = {key: further.get(f"guided_{key}") for key in ("json", "regex", "choice")}
    if isinstance(nested, dict):
        options |= nested
    if options.get("json") is not None or options.get("json_object"):
        return Object(_schema(options["json"]))
    if isinstance(options.get("choice"), list) and options["choice"]:
        return OneOf(tuple(map(str, options["choice"])))
    if isinstance(options.get("regex"), str):
        return Matching(options["regex"])
    return _tagged(_loaded(options.get("structural_tag")))


def _schema(written: JSON) -> JSON:
    return _loaded(written) if isinstance(written, str) else written


def _loaded(written: JSON) -> JSON:
    if not isinstance(written, str):
        return written
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return None


def _tagged(spec: JSON) -> Tagged | None:
    """The first structural tag, in the older spelling (`structures`) or the newer one (`format`)."""
    if not isinstance(spec, dict) or spec.get("type") != "structural_tag":
        return None
    form = spec.get("format")
    tags = spec.get("structures") or (form.get("tags") if isinstance(form, dict) else None) or [form]
    tag = tags[0] if isinstance(tags, list) else None
    if not isinstance(tag, dict):
        return None
    content = tag.get("content")
    schema = content.get("json_schema") if isinstance(content, dict) else tag.get("schema")
    return Tagged(str(tag.get("begin", "")), schema, str(tag.get("end", "")))
