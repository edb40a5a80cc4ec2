"""Tool calls of a generated answer."""

from collections.abc import Iterator, Sequence

from gemulator.core.budget import LETTERS_PER_STEP, Budget
from gemulator.core.json_types import JSON, dump_json
from gemulator.core.plan import ToolCall
from gemulator.core.seed import Seed
from gemulator.generate.json_schema import Unsatisfiable, value_for
from gemulator.generate.prompt_hints import Hints, ToolTable, analyse, hints_per_call
from gemulator.request.body import Function
from gemulator.request.parsed import RequestEnvelope
from gemulator.scenario.replies import Context


def generate_calls(context: Context) -> Sequence[ToolCall] | None:
    """Return the calls to make now, None if the answer is text."""
    tool = _next_tool(context)
    return None if tool is None else tuple(_calls(tool, context))


def _next_tool(context: Context) -> Function | None:
    """Return the function to call now: with `auto`, after a user message but not after a tool result (fidelity.md)."""
    conversation = context.conversation
    choice = conversation.request.choice_of_tool
    functions = conversation.request.functions_offered
    offered = [position for position, function in enumerate(functions) if choice.allows(function.name)]
    if not offered or choice.mode == "none":
        return None
    if choice.name is not None:
        return functions[offered[0]]
    called = {call.function.name for call in conversation.current_calls}
    remaining = tuple(position for position in offered if functions[position].name not in called)
    if conversation.tool_results and choice.mode != "required":
        return None
    if not remaining:
        return None
    context.budget.expect(len(conversation.user_text) // LETTERS_PER_STEP)
    table = conversation.envelope.memoize(_tool_table, remaining)
    return functions[remaining[table.best(conversation.user_text)]]


def _tool_table(envelope: RequestEnvelope, positions: Sequence[int]) -> ToolTable:
    """Return the table of the functions at these positions."""
    functions = envelope.request.functions_offered
    chosen = [functions[position] for position in positions]
    return ToolTable([{"name": f.name, "description": f.description, "parameters": f.parameters} for f in chosen])


def _calls(function: Function, context: Context) -> Iterator[ToolCall]:
    prompt = analyse(context.conversation.user_text)
    parameters = function.parameters if isinstance(function.parameters, dict) else {}
    for index, hints in enumerate(hints_per_call(prompt, parameters, context.budget)):
        seed = context.seed.child("call", index)
        try:
            arguments = dump_json(_arguments(function, hints, seed, context.budget))
        except Unsatisfiable as error:
            raise error.within(context.conversation.request.path_of(function.name)) from None
        call_id = context.call_id(context.attempt.child("call", index), function.name, index)
        signature = context.signature(False if index else None, function.name)
        yield ToolCall(call_id, function.name, arguments, signature)


def _arguments(function: Function, hints: Hints, seed: Seed, budget: Budget) -> JSON:
    schema = function.arguments
    return {} if schema is None else value_for(schema, seed, hints=hints, budget=budget)
