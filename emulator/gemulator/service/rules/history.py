"""Rules for the sequence of messages in a request."""

import orjson
from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.request.message import ASSISTANT_ROLES, EMPTY, SYSTEM_ROLES, TOOL_ROLES, TURN, HistoryCall, Message
from gemulator.service.refusals import invalid_proto, refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires


def _contents(context: RuleContext) -> Failure | None:
    return None if context.conversation.features & TURN else refuse("no-contents")


def _parts(context: RuleContext) -> Failure | None:
    for message in context.request.messages:
        if message.role in TOOL_ROLES or message.role in SYSTEM_ROLES:
            for part in message.parts:
                if part.uri is not None:
                    return refuse("part-unsupported", kind=part.type, role=message.role)
    return None


def _arguments(context: RuleContext) -> Failure | None:
    calls = (call for message in context.request.messages for call in message.calls)
    return None if all(map(_is_object, calls)) else refuse("arguments-not-json")


def _is_object(call: HistoryCall) -> bool:
    try:
        return isinstance(orjson.loads(call.function.arguments), dict)
    except orjson.JSONDecodeError:
        return False


def _empty(context: RuleContext) -> Failure | None:
    empty = next((message for message in context.request.messages if message.features & EMPTY), None)
    if empty is None:
        return None
    return refuse("empty-text" if empty.content and isinstance(empty.content, list) else "no-parts")


def _order(context: RuleContext) -> Failure | None:
    before = ""
    for content in context.conversation.contents:
        if content.kind == "calls" and before not in ("user", "results"):
            return refuse("call-order")
        before = content.kind
    return None


def _counts(context: RuleContext) -> Failure | None:
    calls = 0
    for content in context.conversation.contents:
        if calls != (len(content.messages) if content.kind == "results" else 0):
            return refuse("response-count")
        calls = len(content.messages[0].calls) if content.kind == "calls" else 0
    return refuse("response-count") if calls else None


def _names(context: RuleContext) -> Failure | None:
    """Check that each result belongs to a call: its id gives the name of the function."""
    ids: set[str] = set()
    nameless = []
    for index, content in enumerate(context.conversation.contents):
        for message in content.messages:
            ids.update([call.id for call in message.calls])
        if content.kind == "results":
            nameless += [
                f"contents[{index}].parts[{part}].function_response.name"
                for part, message in enumerate(content.messages)
                if _is_nameless(message, ids)
            ]
    return invalid_proto("response-name", nameless) if nameless else None


def _is_nameless(result: Message, ids: set[str]) -> bool:
    if result.tool_call_id is None:
        return not result.name and "" not in ids
    return result.tool_call_id not in ids


def _text_with_calls(context: RuleContext) -> Failure | None:
    if context.model.text_with_calls:
        return None
    mixed = any(
        message.text
        for content in context.conversation.contents
        if content.kind == "calls"
        for message in content.messages
    )
    if not mixed:
        return None
    cause = "an assistant message has text beside its tool_calls, which this model refuses in a history"
    return replace(refuse("invalid-argument"), cause=cause, remedy="send the message back without its text")


def _prefill(context: RuleContext) -> Failure | None:
    if context.model.prefill:
        return None
    for message in reversed(context.request.messages):
        if message.role not in SYSTEM_ROLES:
            return refuse("no-prefill") if message.role in ASSISTANT_ROLES else None
    return None


RULES = (
    Rule("contents", "§6 at least one contents field is required", _contents, requires("no turns")),
    Rule("part-in-message", "§6 An 'image_url' 'content' object element is unsupported", _parts, requires("parts")),
    Rule("arguments", "§6 Expected a valid JSON object in the request", _arguments, requires("calls"), partners=True),
    Rule("no-parts", "§16.3 at least one parts field; Model input cannot be empty", _empty, requires("empty")),
    Rule("call-order", "§16.4 function call turn comes immediately after a user turn", _order, requires("calls")),
    Rule("response-count", "§16.5 number of function response parts", _counts, requires("calls")),
    Rule("response-name", "§16.6 function_response.name: Name cannot be empty", _names, requires("calls")),
    Rule("text-with-calls", "§16.1 Request contains an invalid argument", _text_with_calls, requires("calls")),
    Rule("ending", "§16.2 Requests ending with a model turn are not supported", _prefill, requires("messages")),
)
