"""Which parameters there are, their ranges, and what a model does not support."""

from collections.abc import Iterable, Iterator, Mapping

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure, quote_value
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, reads

SCHEMA = "type.googleapis.com/google.cloud.aiplatform.v1.Schema"

# The parameters of Google's table (wire-facts §2). Everything else is ignored, or refused under `--strict-params`.
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
# Not in the table, but the service has an answer to them (wire-facts §6).
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

# Wire name, native name, lowest and highest value, and whether the highest is in.
_RANGES = (
    ("n", "candidateCount", 1, 9, False),
    ("temperature", "temperature", 0, 2, True),
    ("top_p", "topP", 0, 1, True),
    ("frequency_penalty", "frequencyPenalty", -2, 2, False),
    ("presence_penalty", "presencePenalty", -2, 2, False),
)
_NATIVE = {name: native for name, native, *_ in _RANGES} | {"logprobs": "logprobs", "top_logprobs": "logprobs"}
_INT32 = ("n", "seed", "max_tokens", "max_completion_tokens", "top_logprobs")


def ignored(body: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Name and place of every field that has no effect; a null says nothing."""
    yield from _beyond(body, _KNOWN, "")
    extra = body.get("extra_body")
    if isinstance(extra, dict):
        yield from _beyond(extra, frozenset({"google"}), "extra_body")
    for place, holder in (("google", body), ("extra_body.google", extra)):
        options = holder.get("google") if isinstance(holder, dict) else None
        if isinstance(options, dict):
            yield from _beyond(options, GOOGLE, place)
            thinking = options.get("thinking_config")
            yield from _beyond(thinking if isinstance(thinking, dict) else {}, THINKING, f"{place}.thinking_config")


def _beyond(fields: Mapping[str, JSON], known: frozenset[str], place: str) -> Iterable[tuple[str, str]]:
    if fields.keys() <= known:
        return ()
    return ((name, place) for name, value in fields.items() if name not in known and value is not None)


def _unknown(ask: RuleContext) -> Failure | None:
    found = next(ignored(ask.frame.body), None)
    if found is None:
        return None
    name, place = found
    where = f" at '{place}'" if place else ""
    return refuse("unknown-field", at=f"{place}.{name}" if place else name, key=name, where=where)


def _int32(ask: RuleContext) -> Failure | None:
    for name in _INT32:
        value = getattr(ask.request, name)
        if value is not None and not -(2**31) <= value < 2**31:
            return refuse("invalid-value", at=name, field=name, type="TYPE_INT32", value=value)
    return None


def _in_range(ask: RuleContext) -> Failure | None:
    for name, native, low, high, inclusive in _RANGES:
        value = getattr(ask.request, name)
        if value is not None and not (low <= value < high or (inclusive and value == high)):
            end = "inclusive" if inclusive else "exclusive"
            return refuse("out-of-range", field=native, value=f"{value:g}", low=low, high=high, end=end)
    return None


def _output_tokens(ask: RuleContext) -> Failure | None:
    value, most = ask.request.token_limit, ask.card.max_output
    if value is None or (value >= 1 and (most is None or value <= most)):
        return None
    return refuse("out-of-range", field="maxOutputTokens", value=value, low=1, high=(most or 2**31 - 1) + 1)


def _unsupported(ask: RuleContext) -> Failure | None:
    if ask.frame.members.isdisjoint(ask.card.refuses):
        return None
    for name in ask.card.refuses:
        if getattr(ask.request, name, None):
            kind = "logprobs-unsupported" if name == "logprobs" else "parameter-unsupported"
            return refuse(kind, field=_NATIVE.get(name, name))
    return None


def _options(ask: RuleContext) -> Failure | None:
    """The types of Google's own options."""
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
    for name, value in ask.google.items():
        kind = kinds.get(name)
        if kind is not None and value is not None and not isinstance(value, kind[0]):
            return invalid_value(f"extra_body.google.{name}", kind[1], value)
    return None


def invalid_value(field: str, kind: str, value: JSON) -> Failure:
    """Google's refusal of a value of the wrong type, the value shown as JSON."""
    import orjson

    shown = orjson.dumps(value).decode()
    return refuse("invalid-value", at=field, field=field, type=kind, value=shown[:80])


def not_one_of(field: str, allowed: Iterable[str], value: JSON) -> Failure:
    """The refusal of a value that is none of a few words."""
    return refuse(
        "not-one-of", field=field, allowed=", ".join(f"'{word}'" for word in allowed), value=quote_value(value)
    )


RULES = (
    Rule(
        "unknown-field",
        "§2 anything unsupported; §6 unknown field under strict",
        _unknown,
        enabled_if=lambda policy: policy.strict_params,
    ),
    Rule("int32", "§6 Invalid value", _int32, reads(*_INT32), partners=True),
    Rule(
        "range",
        "§2 n, temperature, top_p, penalties; §6 supported range",
        _in_range,
        reads(*(name for name, *_ in _RANGES)),
    ),
    Rule(
        "max-tokens",
        "§2 max_tokens and its alias; §6 maxOutputTokens",
        _output_tokens,
        reads("max_tokens", "max_completion_tokens"),
        partners=True,
    ),
    Rule("unsupported", "§2 model-generation limits; §6 logprobs", _unsupported),
    Rule("google-options", "§2 extra_body.google; §6 Invalid value", _options, OPTIONS),
)
