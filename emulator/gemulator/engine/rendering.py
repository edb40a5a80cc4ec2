"""Rendered answers: byte templates with slots for ids and time."""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.budget import LETTERS_PER_STEP, Budget
from gemulator.core.errors import RequestError, Unsatisfiable
from gemulator.core.plan import Answer, Failure, Plan, Thought, Usage
from gemulator.core.seed import Seed
from gemulator.core.settings import ToolCalls
from gemulator.delivery.byte_template import CONSTANT, ByteTemplate, Placeholders
from gemulator.delivery.paced_stream import PacedSteps, StreamTemplate
from gemulator.delivery.pacing import NO_WORKLOAD, Workload
from gemulator.delivery.schedule import PLAIN, Schedule
from gemulator.delivery.steps import Chunk, Delivery, Head
from gemulator.dialects import DIALECTS, Dialect, Style, refusal
from gemulator.engine.ids import IdFactory, IdSlot, call_count
from gemulator.engine.planning.output_limit import check_prompt_probabilities, expect_rendering
from gemulator.engine.planning.plan import Script, plan_script
from gemulator.engine.response_headers import session_header
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.scenario.replies import Context
from gemulator.service.catalog import Model
from gemulator.service.guided_decoding import constraint_length
from gemulator.service.token_usage import prompt_tokens, thinking_limit

_MAX_HEADS = 64  # cached heads of one template


class AnswerTemplate(Struct, frozen=True):
    """The part that all answers with the same text share.

    `created` is set if all answers have the same time. `stream` is set for streams with pacing but without faults;
    `chunk_tokens`, for a whole body, are the tokens per chunk that its stream would have. `events` is the number of
    events in the one chunk of a stream without waits. `heads` caches the heads that name a session.
    """

    head: Head
    chunks: tuple[tuple[ByteTemplate, int], ...]
    schedule: Schedule = PLAIN
    ids: tuple[IdSlot, ...] = ()
    signatures: tuple[IdSlot, ...] = ()
    chunk_tokens: tuple[int, ...] | None = None
    created: int | None = None
    stream: StreamTemplate | None = None
    events: int = 1
    heads: dict[str, Head] = field(default_factory=dict)

    def head_for(self, session: str) -> Head:
        """Return the head with the header that names a session."""
        head = self.heads.get(session)
        if head is None:
            if len(self.heads) >= _MAX_HEADS:
                self.heads.clear()
            headers = (*self.head.headers, session_header(session))
            head = self.heads[session] = Head(self.head.status, headers, self.head.wait)
        return head


class RenderedAnswer(Struct, frozen=True):
    """A template and the values of one request.

    `request_values` (signatures and token counts) are the same for all attempts; time and ids differ by attempt.
    `initial_values` are those in the template, rendered at `rendered_at` (Unix seconds). `answer` is the plan.
    """

    root: Seed
    template: AnswerTemplate
    answer: Answer
    request_values: tuple[bytes, ...] = ()
    workload: Workload = NO_WORKLOAD
    initial_values: tuple[bytes, ...] = ()
    rendered_at: int = 0

    @property
    def usage(self) -> Usage | None:
        """Return the token counts, None for a refusal."""
        return self.answer.usage if isinstance(self.answer, Plan) else None

    @property
    def size(self) -> int:
        """Return the size of the body in bytes, without faults."""
        return sum(len(chunk.data) for chunk, _ in self.template.chunks)

    def rebind(self, root: Seed, prompt_tokens: int) -> "RenderedAnswer":
        """Return the same text for another request, with its own ids, signatures and prompt tokens."""
        template, workload, plan = self.template, self.workload, self.answer
        assert isinstance(plan, Plan)
        usage = replace(plan.usage, prompt_tokens=prompt_tokens)
        values = (*[slot.value(root) for slot in template.signatures], *_token_fields(usage))
        if not template.schedule.is_noop:
            workload = replace(workload, prompt_tokens=prompt_tokens)
        return RenderedAnswer(root, template, replace(plan, usage=usage), values, workload)

    def deliver(self, attempt: int, now: int, session: str = "", others: int = 0, answers: int = 0) -> Delivery:
        """Return the steps of one attempt; `now` is in Unix seconds, `session` is named in the head if not empty.

        `others` is the number of answers in progress, `answers` that of earlier answers with the same counted faults.
        """
        template, seed = self.template, self.root.child("attempt", attempt)
        first = self.initial_values and (attempt, now) == (0, self.rendered_at)
        values = self.initial_values if first else self._values(seed, now)
        head = template.head_for(session) if session else template.head
        if template.schedule.is_noop:
            ((chunk, tokens),) = template.chunks  # `render` has joined them
            data = chunk.fill(values)
            return Delivery((head, Chunk(data, tokens, 0.0, template.events)), len(data))
        workload = replace(self.workload, others=others)
        if template.stream is not None:
            waits = template.schedule.waits(template.stream.tokens, seed, workload)
            return Delivery(PacedSteps(head, template.stream, values, waits), template.stream.size)
        events = len(template.chunk_tokens) if template.chunk_tokens else 1
        chunks = [Chunk(chunk.fill(values), tokens, events=events) for chunk, tokens in template.chunks]
        return template.schedule.apply((head, *chunks), seed, workload, answers, template.chunk_tokens)

    def _values(self, seed: Seed, now: int) -> tuple[bytes, ...]:
        template = self.template
        created = now if template.created is None else template.created
        ids = [slot.value(seed, created) for slot in template.ids]
        return (b'"created":%d' % created, *ids, *self.request_values)


def _token_fields(usage: Usage) -> tuple[bytes, bytes]:
    """Return the JSON members that depend on the prompt's tokens. No JSON string contains these unescaped quotes."""
    total = usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens
    return b'"prompt_tokens":%d' % usage.prompt_tokens, b'"total_tokens":%d' % total


class RenderOptions(Struct, frozen=True):
    """Seed of the text, style, schedule, signer, work limit and time (Unix seconds) of an answer.

    `is_repeat`: the prompt was sent before, so the service may have cached it. `tool_calls`: of a generated answer.
    """

    root: Seed
    style: Style
    schedule: Schedule
    sign: Callable[[str, Seed], str]
    budget: Budget
    now: float
    is_repeat: bool = False
    tool_calls: ToolCalls = "related"


def render(
    script: Script | Failure, conversation: Conversation, model: Model, options: RenderOptions
) -> RenderedAnswer:
    """Return the answer of a script in the dialect of the model."""
    dialect = DIALECTS[model.dialect](model.profile)
    if isinstance(script, Failure):
        return _render_failure(script, conversation, dialect, options)
    ids = IdFactory(dialect, options.root, options.sign, script.created_at(options.now), call_count(conversation))
    answer = _plan(script, conversation, model, options, ids, dialect)
    if isinstance(answer, Failure):
        return _render_failure(answer, conversation, dialect, options)
    stream = bool(conversation.request.stream)
    expect_rendering(answer, options.style.tokens_per_chunk, options.budget, stream=stream)
    head, chunks = _render_plan(answer, conversation, dialect, options.style, stream)
    events = 1
    if options.schedule.is_noop:
        events = len(chunks)
        # One write is much cheaper than many, and a client sees the same events.
        chunks = [Chunk(b"".join(chunk.data for chunk in chunks), sum(chunk.tokens for chunk in chunks))]
    request_values = (*ids.signature_values, *_token_fields(answer.usage))
    values: tuple[bytes, ...] = (b'"created":%d' % ids.created, *ids.values, *request_values)
    placeholders = Placeholders(values)
    templates = tuple((ByteTemplate(chunk.data, placeholders), chunk.tokens) for chunk in chunks)
    paced = stream and not options.schedule.is_noop and not (options.schedule.faults or options.schedule.own_waits)
    template = AnswerTemplate(
        head=head,
        chunks=templates,
        schedule=options.schedule.for_dialect(dialect.stream_failure, dialect.stream_error),
        ids=tuple(ids.slots),
        signatures=tuple(ids.signature_slots),
        chunk_tokens=None if stream else _chunk_tokens(answer, conversation, dialect, options),
        created=ids.created if script.created is not None or script.id else None,
        stream=StreamTemplate.of(templates) if paced else None,
        events=events,
    )
    workload = _workload(answer, conversation)
    return RenderedAnswer(options.root, template, answer, request_values, workload, values, int(options.now))


def _chunk_tokens(plan: Plan, conversation: Conversation, dialect: Dialect, options: RenderOptions) -> tuple[int, ...]:
    """Return the tokens of each chunk that a stream of the answer would have; none without a schedule."""
    if options.schedule.is_noop:
        return ()
    return tuple([chunk.tokens for chunk in dialect.stream(plan, conversation.request, options.style)])


def _workload(plan: Plan, conversation: Conversation) -> Workload:
    has_thoughts = any(isinstance(part, Thought) for choice in plan.choices for part in choice.parts)
    visible = has_thoughts and conversation.request.include_thoughts
    return Workload(plan.usage.prompt_tokens, 0 if visible else plan.usage.reasoning_tokens)


def _plan(
    script: Script,
    conversation: Conversation,
    model: Model,
    options: RenderOptions,
    ids: IdFactory,
    dialect: Dialect,
) -> Plan | Failure:
    answer_id = ids.response_id() if script.id is None else script.id
    sign = ids.sign if model.signs else ids.sign_call if signs_calls(model, conversation.request) else _no_signature
    if length := constraint_length(conversation.request):
        options.budget.expect(length // LETTERS_PER_STEP)
    decoding = dialect.decoding(conversation.request)
    context = Context(
        conversation,
        options.root,
        ids.attempt,
        ids.call_id,
        sign,
        decoding,
        groups=script.groups,
        budget=options.budget,
        now=options.now,
        tool_calls=options.tool_calls,
    )
    given = script.usage.prompt_tokens
    count = partial(prompt_tokens, conversation, model) if given is None else lambda: given
    if (refusal := dialect.refusal(conversation.request, count)) is not None:
        return refusal
    try:
        check_prompt_probabilities(conversation.request, count, options.budget)
        return plan_script(script, context, model, answer_id, ids.created, is_repeat=options.is_repeat)
    except Unsatisfiable as error:
        return dialect.unsatisfiable(error)
    except RequestError as error:
        return error.failure


def signs_calls(model: Model, request: ChatRequest) -> bool:
    """Return True if a model that asks no signature back signs the calls of this answer."""
    if not model.can_think or thinking_limit(request, model) == 0:
        return False
    return model.signs_calls == "thinking" or (model.signs_calls == "asked" and request.asks_to_think)


def _no_signature(name: str, seed: Seed) -> None:
    return None


def _render_plan(
    plan: Plan, conversation: Conversation, dialect: Dialect, style: Style, stream: bool
) -> tuple[Head, Sequence[Chunk]]:
    if stream:
        return Head(200, dialect.stream_headers), dialect.stream(plan, conversation.request, style)
    return Head(200, dialect.headers), [dialect.unary(plan, conversation.request, style)]


def _render_failure(
    failure: Failure, conversation: Conversation, dialect: Dialect, options: RenderOptions
) -> RenderedAnswer:
    head, chunk = refusal(dialect, failure, conversation.target)
    chunks = ((ByteTemplate(chunk.data, CONSTANT), 0),)
    return RenderedAnswer(options.root, AnswerTemplate(head, chunks, options.schedule, chunk_tokens=(0,)), failure)
