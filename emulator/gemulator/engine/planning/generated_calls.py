"""Tool calls of a generated answer."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gemulator.core.budget import LETTERS_PER_STEP
from gemulator.core.json_types import JSON, dump_json
from gemulator.core.plan import ToolCall
from gemulator.core.seed import Seed
from gemulator.engine.planning.schema_value import schema_value
from gemulator.generate.json_schema import Unsatisfiable
from gemulator.generate.prompt_hints import Hints, ToolTable, analyse, hints_per_call
from gemulator.request.body import Function
from gemulator.request.parsed import RequestEnvelope
from gemulator.scenario.replies import Context

_SEVERAL = 2
_MAX_LINES, _MAX_LEVELS, _MAX_ITEMS = 40, 6, 3  # of tool results that are read for arguments
_MAX_VALUE = 400  # characters of a value in them


class _Step(NamedTuple):
    """A function to call; `clause` is the part of the prompt that asks for it after results of others."""

    function: Function
    clause: str | None = None


def generate_calls(context: Context) -> Sequence[ToolCall] | None:
    """Return the calls to make now, None if the answer is text."""
    step = _next_step(context)
    return None if step is None else tuple(_calls(step, context))


def _next_step(context: Context) -> _Step | None:
    """Return the function to call now (fidelity.md, The invented answer)."""
    conversation = context.conversation
    choice = conversation.request.choice_of_tool
    functions = conversation.request.functions_offered
    offered = tuple(position for position, function in enumerate(functions) if choice.allows(function.name))
    if not offered or choice.mode == "none":
        return None
    if choice.name is not None:
        return _Step(functions[offered[0]])
    is_free = choice.mode != "required"
    if is_free and conversation.tool_results and context.tool_calls == "always":
        return None
    context.budget.expect(len(conversation.user_text) // LETTERS_PER_STEP)
    called = {call.function.name for call in conversation.current_calls}
    if is_free and context.tool_calls == "related":
        return _related_step(context, offered, called | {result.name for result in conversation.tool_results})
    remaining = tuple(position for position in offered if functions[position].name not in called)
    if not remaining:
        return None
    table = conversation.envelope.memoize(_tool_table, remaining)
    return _Step(functions[remaining[table.best(conversation.user_text)]])


def _related_step(context: Context, offered: tuple[int, ...], called: set[str]) -> _Step | None:
    """Return the first function that the prompt asks for and that was not called, None if there is none.

    The clauses of a prompt may ask for several. Each is called once, so a loop of calls ends.
    """
    conversation = context.conversation
    functions, prompt = conversation.request.functions_offered, conversation.user_text
    table = conversation.envelope.memoize(_tool_table, offered)
    steps = table.steps(prompt)
    if not conversation.tool_results and len(steps) < _SEVERAL:
        best = table.related(prompt)
        function = None if best is None else functions[offered[best]]
        return None if function is None or function.name in called else _Step(function)
    each = ((functions[offered[index]], clause) for index, clause in steps.items())
    following = next((_Step(function, clause) for function, clause in each if function.name not in called), None)
    return following if following is None or conversation.tool_results else following._replace(clause=None)


def _tool_table(envelope: RequestEnvelope, positions: Sequence[int]) -> ToolTable:
    """Return the table of the functions at these positions."""
    functions = envelope.request.functions_offered
    chosen = [functions[position] for position in positions]
    return ToolTable([{"name": f.name, "description": f.description, "parameters": f.parameters} for f in chosen])


def _calls(step: _Step, context: Context) -> Iterator[ToolCall]:
    function = step.function
    for index, hints in enumerate(_hints(step, context)):
        seed = context.seed.child("call", index)
        try:
            arguments = dump_json(_arguments(function, hints, seed, context))
        except Unsatisfiable as error:
            raise error.within(context.conversation.request.path_of(function.name)) from None
        call_id = context.call_id(context.attempt.child("call", index), function.name, index)
        signature = context.signature(False if index else None, function.name)
        yield ToolCall(call_id, function.name, arguments, signature)


def _hints(step: _Step, context: Context) -> Sequence[Hints]:
    """Return the hints of each call: from the prompt; after results from the clause, the rest and the results."""
    prompt, parameters = context.conversation.user_text, step.function.parameters
    if step.clause is None:
        return hints_per_call(analyse(prompt), parameters if isinstance(parameters, dict) else {}, context.budget)
    rest = prompt.replace(step.clause, "", 1)
    has_numbers = bool(analyse(step.clause).numbers)
    lines = _result_lines([result.value for result in context.conversation.tool_results], has_numbers=has_numbers)
    text = "\n".join((step.clause, rest, *islice(lines, _MAX_LINES)))
    return [Hints(analyse(text), budget=context.budget)]


def _result_lines(values: Sequence[JSON], *, has_numbers: bool) -> Iterator[str]:
    """Yield the members of results, level by level; numbers only if the clause has none."""
    level: list[tuple[str, JSON]] = [("", value) for value in values]
    for _ in range(_MAX_LEVELS):
        nested: list[tuple[str, JSON]] = []
        for name, value in level:
            if isinstance(value, dict):
                nested.extend(islice(value.items(), _MAX_LINES))
            elif isinstance(value, list):
                nested.extend((name, item) for item in value[:_MAX_ITEMS])
            elif isinstance(value, str) or (not has_numbers and isinstance(value, int | float)):
                text = str(value)[:_MAX_VALUE]
                yield f"{name}: {text}" if name else text
        level = nested[:_MAX_LINES]


def _arguments(function: Function, hints: Hints, seed: Seed, context: Context) -> JSON:
    schema = function.arguments
    if schema is None:
        return {}
    return schema_value(schema, analyse(context.conversation.user_text), seed, hints, context.budget)
