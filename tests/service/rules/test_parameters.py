"""Refused parameters; test ids name the row of wire-facts."""

from typing import Any

import pytest

from tests.endpoint import GEMINI_2, Endpoint, google, rows, schema, thinking, tool

GEMINI_20 = "google/gemini-2.0-flash-001"
NEWEST = "google/gemini-3.7-flash"
LEVELS = "'high', 'low', 'max', 'medium', 'minimal'"
RECURSIVE = {"$defs": {"N": {"properties": {"next": {"$ref": "#/$defs/N"}}}}, "$ref": "#/$defs/N"}
BOTH = {"reasoning_effort": "low", **thinking(include_thoughts=True)}
ENDLESS = tool("f", a={"type": "string", "minLength": 2_000_000})
ENDLESS["function"]["parameters"]["required"] = ["a"]
STRICT: dict[str, Any] = {"strict_params": True}
ALL_SEARCH = "Multiple tools are supported only when they are all search tools."


def options(**given: Any) -> dict[str, Any]:
    return {"extra_body": google(**given)}


def tools(*specs: Any, **fields: Any) -> dict[str, Any]:
    return {"tools": list(specs), **fields}


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def allowed(mode: str, *specs: Any) -> dict[str, Any]:
    """Return OpenAI's `allowed_tools` choice."""
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(specs)}}


# Row, settings, request fields, expected part of the message.
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("§2 n", {}, {"n": 9}, "candidateCount value of 9 but the supported range is from 1 (inclusive) to 9 (exclusive)"),
    ("§2 n, low", {}, {"n": 0}, "candidateCount value of 0"),
    ("§2 temperature", {}, {"temperature": 2.5}, "temperature value of 2.5 but the supported range is from 0"),
    ("§2 top_p", {}, {"top_p": -0.1}, "topP value of -0.1"),
    ("§2 frequency_penalty", {}, {"frequency_penalty": 2}, "frequencyPenalty value of 2"),
    ("§2 presence_penalty", {}, {"presence_penalty": -2.5}, "presencePenalty value of -2.5"),
    ("§2 penalties, 3.5", {}, {"model": "google/gemini-3.5-flash", "presence_penalty": 1}, "presencePenalty is not s"),
    ("§2 seed", {}, {"seed": 2**31}, "Invalid value at 'seed' (TYPE_INT32), 2147483648"),
    ("§2 max_tokens; §6 maxOutputTokens", {}, {"max_tokens": 65_537}, "from 1 (inclusive) to 65537 (exclusive)"),
    ("§6 maxOutputTokens, 2.0", {}, {"model": GEMINI_20, "max_tokens": 9000}, "to 8193 (exclusive). Update the value"),
    ("§2 max_completion_tokens", {}, {"max_completion_tokens": 0}, "maxOutputTokens value of 0"),
    ("§2 modalities", {}, {"modalities": ["smell"]}, "Expected 'modalities[0]' to be one of: 'audio', 'image', 'text'"),
    ("§2 modalities, model", {}, {"modalities": ["image"]}, "response modality 'image' is not supported"),
    ("§6 reasoning_effort none", {}, {"reasoning_effort": "none"}, f"one of: {LEVELS}; found 'none'."),
    (
        "§17.1 stop",
        {},
        {"stop": ["a"] * 6},
        "stopSequences value of 6 but the supported range is from 1 (inclusive) to 6",
    ),
    ("§17.2 partner", {}, {"model": "zai-org/glm-4.7-maas", "reasoning_effort": "none"}, f"one of: {LEVELS}; found 'n"),
    ("§13.9 reasoning_effort xhigh", {}, {"reasoning_effort": "xhigh"}, "found 'xhigh'."),
    (
        "§6 reasoning_effort with max",
        {},
        {"model": NEWEST, "reasoning_effort": "none"},
        "Expected 'reasoning_effort' to be one of: 'high', 'low', 'max', 'medium', 'minimal'; found 'none'.",
    ),
    (
        "§6 Thinking level is unsupported",
        {},
        {"model": NEWEST, "reasoning_effort": "minimal"},
        "Thinking level is unsupported: THINKING_LEVEL_MINIMAL",
    ),
    (
        "§7 Levels, 3 Pro",
        {},
        {"model": "google/gemini-3-pro-preview", **thinking(thinking_level="medium")},
        "Thinking level is unsupported: THINKING_LEVEL_MEDIUM",
    ),
    ("§2 thinking_level", {}, thinking(thinking_level="deep"), 'ThinkingConfig.ThinkingLevel), "deep"'),
    ("§2 thinking_level, 2.5", {}, {"model": GEMINI_2, **thinking(thinking_level="low")}, "not supported for this mod"),
    ("§2 thinking_budget", {}, thinking(thinking_budget=40_000), "thinkingBudget value of 40000"),
    ("§2 thinking_budget type", {}, thinking(thinking_budget="much"), 'thinking_budget\' (TYPE_INT32), "much"'),
    ("§2 budget 0 on 3.6", {}, {"model": "google/gemini-3.6-flash", **thinking(thinking_budget=0)}, "value of 0"),
    ("§2 thinking, 2.0", {}, {"model": GEMINI_20, "reasoning_effort": "low"}, "thinking is not supported by this mode"),
    ("§2 thinking, 2.0 budget", {}, {"model": GEMINI_20, **thinking(thinking_budget=9)}, "thinking is not supported"),
    ("§2 include_thoughts type", {}, thinking(include_thoughts="yes"), 'include_thoughts\' (TYPE_BOOL), "yes"'),
    (
        "§6 thinking_level + thinking_budget",
        {},
        thinking(thinking_level="low", thinking_budget=9),
        "You can only set only one of thinking budget and thinking level.",
    ),
    ("§2 reasoning_effort with thinking_config", {}, BOTH, "Only one of 'reasoning_effort' and"),
    (
        "§2 response_format kind",
        {},
        {"response_format": {"type": "application/xml"}},
        "mimeType parameter with value a",
    ),
    ("§2 response_format, no type", {}, {"response_format": {}}, "Missing required field 'response_format.type'"),
    ("§2 response_format, odd type", {}, {"response_format": {"type": 1}}, "'response_format.type' (TYPE_STRING), 1"),
    (
        "§2 json_schema, none",
        {},
        {"response_format": {"type": "json_schema"}},
        "field 'response_format.json_schema.sch",
    ),
    (
        "§2 json_schema, text",
        {},
        {"response_format": schema("bogus")},
        "json_schema.schema' (type.googleapis.com/google",
    ),
    ("§2 json_schema, list", {}, {"response_format": schema([])}, "google.cloud.aiplatform.v1.Schema), []"),
    (
        "§2 json_schema of no schema",
        {},
        {"response_format": {"type": "json_schema", "json_schema": "x"}},
        "'response_format.json_schema' (TYPE_MESSAGE), \"x\"",
    ),
    (
        "§2 a schema that nothing fits",
        {},
        {"response_format": schema({"type": "object", "properties": {"a": False}, "required": ["a"]})},
        "Unable to submit request because no value fits the schema at 'response_format.json_schema.schema.",
    ),
    (
        "§2 parameters that nothing fits",
        {},
        tools(tool("g"), ENDLESS, tool_choice=named("f")),
        "at 'tools[1].function.parameters.properties.a.minLength': gemulator generates at most 200,000 characters",
    ),
    ("§2 recursive schema", {}, {"response_format": schema(RECURSIVE)}, "is recursive at '#/$defs/N'"),
    ("§2 recursive root", {}, {"response_format": schema({"items": {"$ref": "#"}})}, "is recursive at '#'"),
    ("§2 tools type", {}, tools({"type": "custom"}), "Expected 'tools[0].type' to be one of: 'function'; found 'custo"),
    ("§2 tools type null", {}, tools({"type": None}), "Expected 'tools[0].type' to be one of: 'function'; found null."),
    ("§2 tools function", {}, tools({"type": "function"}), "Missing required field 'tools[0].function'"),
    ("§2 tools name", {}, tools({"function": {}}), "Missing required field 'tools[0].function.name'"),
    ("§2 tools name form", {}, tools(tool("get weather")), "[0].name: [FIELD_INVALID] Invalid function name."),
    (
        "§6 Invalid value at tools",
        {},
        tools({"function": {"name": "f", "parameters": "object"}}),
        "Invalid value at 'tools[0].function.parameters' (type.googleapis.com/google.cloud.aiplatform.v1.Schema), "
        '"object"',
    ),
    ("§2 functions", {}, {"functions": [{"name": "9"}]}, "[0].name: [FIELD_INVALID] Invalid function name."),
    ("§2 tool_choice", {}, tools(tool(), tool_choice="any"), "one of: 'auto', 'none', 'required', 'validated'; found"),
    ("§2 tool_choice named", {}, tools(tool(), tool_choice=named("other")), "Function 'other' in 'tool_choice'"),
    ("§2 tool_choice without tools", {}, {"tool_choice": "required"}, "declares no functions"),
    ("§2 function_call", {}, tools(tool(), function_call="x"), "Expected 'function_call' to be one of"),
    ("§2 function_call named", {}, tools(tool(), function_call={"name": "f"}), "Function 'f' in 'function_call'"),
    ("§2 function_call without tools", {}, {"function_call": "required"}, "'function_call' is 'required', but"),
    ("§2 function_call, no name", {}, tools(tool(), function_call={}), "required field 'function_call.name'"),
    ("§2 tool_choice, empty", {}, tools(tool(), tool_choice={}), "required field 'tool_choice.function.name'"),
    ("§2 tool_choice, no name", {}, {"tool_choice": {"type": "function"}}, "field 'tool_choice.function.name'"),
    (
        "§2 tool_choice of no type",
        {},
        tools(tool(), tool_choice={"type": "any"}),
        "Expected 'tool_choice.type' to be one of: 'allowed_tools', 'function', 'auto', 'none', 'required', "
        "'validated'; found 'any'.",
    ),
    (
        "§2 allowed_tools, mode",
        {},
        tools(tool(), tool_choice=allowed("none", named("get_weather"))),
        "Expected 'tool_choice.allowed_tools.mode' to be one of: 'auto', 'required'; found 'none'.",
    ),
    ("§2 allowed_tools, none", {}, tools(tool(), tool_choice=allowed("auto")), "'tool_choice.allowed_tools.tools'"),
    (
        "§2 allowed_tools, no name",
        {},
        tools(tool(), tool_choice=allowed("auto", named("get_weather"), {})),
        "Missing required field 'tool_choice.allowed_tools.tools[1].function.name'.",
    ),
    (
        "§2 allowed_tools, unknown",
        {},
        tools(tool(), tool_choice=allowed("auto", named("other"))),
        "Function 'other' in 'tool_choice'",
    ),
    ("§3.6 search with functions", {}, tools(tool(), model=GEMINI_2, web_search_options={}), ALL_SEARCH),
    (
        "§2 google.tools with functions",
        {},
        tools(tool(), model=GEMINI_2, **options(tools=[{"google_search": {}}])),
        ALL_SEARCH,
    ),
    (
        "§2 safety_settings category",
        {},
        options(safety_settings=[{"category": "RUDE", "threshold": "OFF"}]),
        'safety_settings[0].category\' (type.googleapis.com/google.cloud.aiplatform.v1.HarmCategory), "RUDE"',
    ),
    (
        "§2 safety_settings threshold",
        {},
        options(safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT"}]),
        "safety_settings[0].threshold'",
    ),
    ("§2 safety_settings, unhashable", {}, options(safety_settings=[{"category": {}}]), "HarmCategory), {}"),
    ("§2 safety_settings type", {}, options(safety_settings={}), "SafetySetting), {}"),
    ("§2 safety_settings entry", {}, options(safety_settings=[1]), "safety_settings[0]'"),
    ("§2 cached_content", {}, options(cached_content="mine"), 'cached_content\' (TYPE_STRING), "mine"'),
    ("§2 thought_tag_marker", {}, options(thought_tag_marker=True), "thought_tag_marker' (TYPE_STRING), true"),
    ("§2 top-level google", {}, {"google": {"thinking_config": {"thinking_budget": -9}}}, "thinkingBudget value of -9"),
    ("§2 media_resolution; §8 ULTRA_HIGH", {}, options(media_resolution="MEDIA_RESOLUTION_ULTRA_HIGH"), "MediaResolut"),
    ("§6 logprobs", {}, {"logprobs": True}, "logprobs is not supported for this model"),
    ("§2 unknown, strict", STRICT, {"logit_bias": {}}, 'Unknown name "logit_bias": Cannot find field.'),
    (
        "§2 unknown in google, strict",
        STRICT,
        options(mood="good"),
        "Unknown name \"mood\" at 'extra_body.google': Cannot find field.",
    ),
    (
        "§2 unknown in thinking_config, strict",
        STRICT,
        {"google": {"thinking_config": {"thinking_mode": "x"}}},
        "Unknown name \"thinking_mode\" at 'google.thinking_config': Cannot find field.",
    ),
]


@pytest.mark.parametrize(("settings", "fields", "says"), rows(REFUSED))
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_refused(settings: dict[str, Any], fields: dict[str, Any], says: str, stream: bool) -> None:
    answer = Endpoint(**settings).ask(**fields, stream=stream)
    assert says in answer.error["message"]
    assert (answer.status, answer.error["code"], answer.error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert answer.headers["content-type"] == "application/json"


def test_strict_refusal_names_all_unknown_fields() -> None:
    error = Endpoint(**STRICT).ask(prefill="x", mood=1, extra_body=google(style=2)).error
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert [violation.get("field") for violation in detail["fieldViolations"]] == [None, None, "extra_body.google"]
    assert error["message"] == "\n".join(violation["description"] for violation in detail["fieldViolations"])


def test_message_and_details_name_the_same_field() -> None:
    for response_format in ({"type": 1}, {"type": "json_schema"}, schema("bogus"), schema(False)):
        error = Endpoint().ask(response_format=response_format).error
        assert f"'{error['details'][0]['fieldViolations'][0]['field']}'" in error["message"]
