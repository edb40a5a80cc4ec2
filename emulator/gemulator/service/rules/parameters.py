"""Rules for parameters: known names, ranges, support by the model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure, quote_value
from gemulator.service.refusals import refuse, refuse_all
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, requires

SCHEMA = "type.googleapis.com/google.cloud.aiplatform.v1.Schema"

# Parameters of Google's table (fidelity.md, §2). Others are ignored, or refused with `--strict-params`.
DOCUMENTED = frozenset(
    {
        "messages",
        "model",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "stop",
        "stream",
        "seed",
        "temperature",
        "top_p",
        "frequency_penalty",
        "presence_penalty",
        "modalities",
        "reasoning_effort",
        "response_format",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "web_search_options",
        "extra_body",
        "google",
    }
)
# Not in the table, but the service has a specific refusal for them (fidelity.md, §6).
REFUSED = frozenset({"logprobs", "top_logprobs"})
_KNOWN = DOCUMENTED | REFUSED

GOOGLE = frozenset(
    {
        "safety_settings",
        "cached_content",
        "thinking_config",
        "thought_tag_marker",
        "stream_function_call_arguments",
        "tools",
        "media_resolution",
    }
)
THINKING = frozenset({"thinking_budget", "include_thoughts", "thinking_level"})

# JSON name, native name, minimum, maximum, maximum is inclusive.
_RANGES = (
    ("n", "candidateCount", 1, 9, False),
    ("temperature", "temperature", 0, 2, True),
    ("top_p", "topP", 0, 1, True),
    ("frequency_penalty", "frequencyPenalty", -2, 2, False),
    ("presence_penalty", "presencePenalty", -2, 2, False),
)
_NATIVE_NAMES = {name: native for name, native, *_ in _RANGES} | {"logprobs": "logprobs", "top_logprobs": "logprobs"}
_MAX_STOPS = 5
_INT32 = ("n", "seed", "max_tokens", "max_completion_tokens", "top_logprobs")


def ignored_fields(body: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Yield name and parent path of every field without effect, except nulls."""
    yield from _unknown_fields(body, _KNOWN, "")
    extra = body.get("extra_body")
    if isinstance(extra, dict):
        yield from _unknown_fields(extra, frozenset({"google"}), "extra_body")
    for path, parent in (("google", body), ("extra_body.google", extra)):
        options = parent.get("google") if isinstance(parent, dict) else None
        if isinstance(options, dict):
            yield from _unknown_fields(options, GOOGLE, path)
            thinking = options.get("thinking_config")
            yield from _unknown_fields(
                thinking if isinstance(thinking, dict) else {}, THINKING, f"{path}.thinking_config"
            )


def _unknown_fields(fields: Mapping[str, JSON], known: frozenset[str], path: str) -> Iterable[tuple[str, str]]:
    if fields.keys() <= known:
        return ()
    return ((name, path) for name, value in fields.items() if name not in known and value is not None)


def _unknown(context: RuleContext) -> Failure | None:
    unknown = [
        (path or None, refuse("unknown-field", key=name, where=f" at '{path}'" if path else "").message)
        for name, path in ignored_fields(context.envelope.body)
    ]
    return refuse_all("unknown-field", unknown) if unknown else None


def _int32(context: RuleContext) -> Failure | None:
    for name in _INT32:
        value = getattr(context.request, name)
        if value is not None and not -(2**31) <= value < 2**31:
            return refuse("invalid-value", at=name, field=name, type="TYPE_INT32", value=value)
    return None


def _candidates(context: RuleContext) -> Failure | None:
    return _range_error(context, _RANGES[:1])


def _in_range(context: RuleContext) -> Failure | None:
    return _range_error(context, _RANGES[1:])


def _range_error(context: RuleContext, ranges: Sequence[tuple[str, str, int, int, bool]]) -> Failure | None:
    for name, native, low, high, inclusive in ranges:
        value = getattr(context.request, name)
        if value is not None and not (low <= value < high or (inclusive and value == high)):
            end = "inclusive" if inclusive else "exclusive"
            return refuse("out-of-range", field=native, value=f"{value:g}", low=low, high=high, end=end)
    return None


def _stops(context: RuleContext) -> Failure | None:
    count = len(context.request.stops)
    if count <= _MAX_STOPS:
        return None
    return refuse("out-of-range", field="stopSequences", value=count, low=1, high=_MAX_STOPS + 1)


def _output_tokens(context: RuleContext) -> Failure | None:
    value, limit = context.request.token_limit, context.model.max_output
    if value is None or (value >= 1 and (limit is None or value <= limit)):
        return None
    return refuse("out-of-range", field="maxOutputTokens", value=value, low=1, high=(limit or 2**31 - 1) + 1)


def _unsupported(context: RuleContext) -> Failure | None:
    if context.envelope.members.isdisjoint(context.model.refuses):
        return None
    for name in context.model.refuses:
        if getattr(context.request, name, None):
            kind = "logprobs-unsupported" if name == "logprobs" else "parameter-unsupported"
            return refuse(kind, field=_NATIVE_NAMES.get(name, name))
    return None


def _options(context: RuleContext) -> Failure | None:
    """Check the types of Google's own options."""
    google = "type.googleapis.com/google.cloud.aiplatform.v1"
    kinds: Mapping[str, tuple[type, str]] = {
        "safety_settings": (list, f"{google}.SafetySetting"),
        "cached_content": (str, "TYPE_STRING"),
        "thinking_config": (dict, f"{google}.GenerationConfig.ThinkingConfig"),
        "thought_tag_marker": (str, "TYPE_STRING"),
        "stream_function_call_arguments": (bool, "TYPE_BOOL"),
        "tools": (list, f"{google}.Tool"),
        "media_resolution": (str, f"{google}.MediaResolution"),
    }
    for name, value in context.google.items():
        kind = kinds.get(name)
        if kind is not None and value is not None and not isinstance(value, kind[0]):
            return invalid_value(f"extra_body.google.{name}", kind[1], value)
    return None


def invalid_value(field: str, kind: str, value: JSON) -> Failure:
    """Return Google's refusal of a value of the wrong type; it quotes the value as JSON."""
    import orjson

    text = orjson.dumps(value).decode()
    return refuse("invalid-value", at=field, field=field, type=kind, value=text[:80])


def not_one_of(field: str, allowed: Iterable[str], value: JSON) -> Failure:
    """Return the refusal of a value that is not one of the `allowed` words."""
    return refuse(
        "not-one-of", field=field, allowed=", ".join(f"'{word}'" for word in allowed), value=quote_value(value)
    )


RULES = (
    Rule(
        "unknown-field",
        "§2 anything unsupported; §6 unknown field under strict",
        _unknown,
        enabled_if=lambda policy: policy.strictness_of("params") == "strict",  # else the note on ignored fields
        strictness="strict",
        group="params",
    ),
    Rule("int32", "§6 Invalid value", _int32, requires(*_INT32), partners=True, strictness="lenient"),
    Rule("candidates", "§2 n; §6 supported range", _candidates, requires("n")),
    Rule(
        "range",
        "§2 temperature, top_p, penalties; §6 supported range",
        _in_range,
        requires(*(name for name, *_ in _RANGES[1:])),
    ),
    Rule(
        "max-tokens",
        "§2 max_tokens and its alias; §6 maxOutputTokens",
        _output_tokens,
        requires("max_tokens", "max_completion_tokens"),
        partners=True,
    ),
    Rule("stops", "§17.1 stopSequences value", _stops, requires("stop")),
    Rule("unsupported", "§2 model-generation limits; §6 logprobs", _unsupported),
    Rule("google-options", "§2 extra_body.google; §6 Invalid value", _options, OPTIONS, strictness="lenient"),
)
