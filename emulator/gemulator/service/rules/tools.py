"""Rules for functions, tool choice and Google's own tools."""

import re
from collections.abc import Iterator

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.request.body import MODES, allowed_in, function_name
from gemulator.request.parsed import RequestEnvelope
from gemulator.service.refusals import refuse
from gemulator.service.rules import declarations
from gemulator.service.rules.parameters import SCHEMA, invalid_value, not_one_of
from gemulator.service.rules.rule import OPTIONS, Rule, RuleContext, requires


def _declarations(context: RuleContext) -> Failure | None:
    request = context.request
    failure = _tool_error(context.envelope) if request.tools else None
    if failure is not None or not request.functions:
        return failure
    checked = (_declaration(spec, f"functions[{index}]") for index, spec in enumerate(request.functions))
    return next((failure for failure in checked if failure is not None), None)


def _tool_error(envelope: RequestEnvelope) -> Failure | None:
    for index, tool in enumerate(envelope.request.tools or ()):
        where = f"tools[{index}]"
        if tool.get("type", "function") != "function":
            return not_one_of(f"{where}.type", ("function",), tool["type"])
        failure = _declaration(tool.get("function"), f"{where}.function")
        if failure is not None:
            return failure
    return None


def _declaration(spec: JSON, where: str) -> Failure | None:
    if not isinstance(spec, dict):
        return refuse("missing-field", at=where, field=where)
    name, parameters = spec.get("name"), spec.get("parameters")
    if not isinstance(name, str):
        return refuse("missing-field", at=f"{where}.name", field=f"{where}.name")
    if parameters is not None and not isinstance(parameters, dict):
        return invalid_value(f"{where}.parameters", SCHEMA, parameters)
    return None


def _choice(context: RuleContext) -> Failure | None:
    field = "function_call" if context.request.tool_choice is None else "tool_choice"
    chosen, choice = getattr(context.request, field), context.request.choice_of_tool
    if chosen is None:
        return None
    if choice.mode not in MODES:
        return not_one_of(field, MODES, choice.mode)
    failure = _choice_error(chosen, field) if isinstance(chosen, dict) else None
    if failure is not None:
        return failure
    offered = {function.name for function in context.request.functions_offered}
    unknown = next((name for name in (choice.name, *(choice.among or ())) if name and name not in offered), None)
    if unknown is not None:
        return refuse("function-not-offered", function=unknown, field=field)
    return refuse("no-functions", mode=choice.mode, field=field) if choice.mode == "required" and not offered else None


def _choice_error(chosen: dict[str, JSON], field: str) -> Failure | None:
    kind = chosen.get("type")
    if kind == "allowed_tools":
        return _allowed_tools_error(allowed_in(chosen), f"{field}.allowed_tools")
    if kind in MODES or function_name(chosen) is not None:
        return None
    if kind not in (None, "function"):
        return not_one_of(f"{field}.type", ("allowed_tools", "function", *MODES), kind)
    missing = "function_call.name" if field == "function_call" else "tool_choice.function.name"
    return refuse("missing-field", at=missing, field=missing)


def _allowed_tools_error(allowed: dict[str, JSON], where: str) -> Failure | None:
    mode, tools = allowed.get("mode"), allowed.get("tools")
    if mode not in ("auto", "required"):
        return not_one_of(f"{where}.mode", ("auto", "required"), mode)
    if not isinstance(tools, list) or not tools:
        return refuse("missing-field", at=f"{where}.tools", field=f"{where}.tools")
    nameless = (
        f"{where}.tools[{index}].function.name" for index, tool in enumerate(tools) if function_name(tool) is None
    )
    missing = next(nameless, None)
    return None if missing is None else refuse("missing-field", at=missing, field=missing)


def _search(context: RuleContext) -> Failure | None:
    if context.model.search_with_functions or not context.request.searches or not context.request.has_functions:
        return None
    return refuse("search-with-functions")


def _cache(context: RuleContext) -> Failure | None:
    name = context.google.get("cached_content")
    if name is None or re.fullmatch(r"projects/[^/]+/locations/[^/]+/cachedContents/[^/]+", str(name)):
        return None
    return invalid_value("extra_body.google.cached_content", "TYPE_STRING", name)


_CATEGORIES = tuple(  # not a set, because a client may send unhashable values
    f"HARM_CATEGORY_{name}"
    for name in (
        "UNSPECIFIED",
        "HATE_SPEECH",
        "DANGEROUS_CONTENT",
        "HARASSMENT",
        "SEXUALLY_EXPLICIT",
        "CIVIC_INTEGRITY",
        "JAILBREAK",
        "IMAGE_HATE",
        "IMAGE_DANGEROUS_CONTENT",
        "IMAGE_HARASSMENT",
        "IMAGE_SEXUALLY_EXPLICIT",
    )
)
_THRESHOLDS = (
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
)


def _safety(context: RuleContext) -> Failure | None:
    settings = context.google.get("safety_settings")
    return next(_setting_errors(settings), None) if isinstance(settings, list) else None


def _setting_errors(settings: JSON) -> Iterator[Failure]:
    where = "extra_body.google.safety_settings"
    google = "type.googleapis.com/google.cloud.aiplatform.v1"
    for index, setting in enumerate(settings):
        if not isinstance(setting, dict):
            yield invalid_value(f"{where}[{index}]", f"{google}.SafetySetting", setting)
        elif setting.get("category") not in _CATEGORIES:
            yield invalid_value(f"{where}[{index}].category", f"{google}.HarmCategory", setting.get("category"))
        elif setting.get("threshold") not in _THRESHOLDS:
            kind = f"{google}.SafetySetting.HarmBlockThreshold"
            yield invalid_value(f"{where}[{index}].threshold", kind, setting.get("threshold"))


RULES = (
    Rule(
        "functions",
        "§2 tools, functions; §6 Invalid value at tools[0]",
        _declarations,
        requires("tools", "functions"),
        strictness="lenient",
    ),
    *declarations.RULES,
    Rule(
        "tool-choice",
        "§2 tool_choice, function_call; §6 template for every enum field",
        _choice,
        requires("tool_choice", "function_call"),
    ),
    Rule(
        "search-with-functions",
        "§3.6 Gemini 2.5 refuses Google Search with functions",
        _search,
        requires("tools", "functions"),
    ),
    Rule("safety-settings", "§2 safety_settings", _safety, OPTIONS),
    Rule("cached-content", "§2 cached_content", _cache, OPTIONS),
)
