"""A turn's answer to one request, rendered once; its ids and its time are filled in for each attempt."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.errors import Unsatisfiable
from gemulator.core.plan import Answer, Failure, Plan, Thought, Usage
from gemulator.core.seed import Seed
from gemulator.delivery.byte_template import ByteTemplate
from gemulator.delivery.paced_stream import PacedSteps, StreamTemplate
from gemulator.delivery.pacing import NO_WORKLOAD, Workload
from gemulator.delivery.schedule import PLAIN, Schedule
from gemulator.delivery.steps import Chunk, Delivery, Head
from gemulator.dialects import DIALECTS, Dialect, Headers, Style
from gemulator.engine.planning.plan import Script, plan_script
from gemulator.request.conversation import Conversation
from gemulator.scenario.replies import Context
from gemulator.service.catalog import Model

_HEADS = 64  # that are kept of one form
_SHORTEST = 8  # characters of an id; TGI's empty one and its "0" are constants, and would be found all over the words


class IdSlot(NamedTuple):
    """What is made anew from the seed at this path: an id for each attempt, a signature for each request."""

    suffix: bytes
    make: Callable[[Seed, int], str]

    def made(self, seed: Seed, created: int = 0) -> bytes:
        """The bytes below a seed."""
        return self.make(Seed(seed.path + self.suffix), created).encode()


class AnswerTemplate(Struct, frozen=True):
    """What all answers of the same words have in common. `created`: None, if it is each answer's own time.

    A stream whose only hardship is its pace has a `score`, a whole body that is not sent at once the `beats` of its
    stream. `events` is how many of them the one chunk of a stream without waits holds. `heads` fills with those that
    have more headers: they are few, one a session.
    """

    head: Head
    chunks: tuple[tuple[ByteTemplate, int], ...]
    schedule: Schedule = PLAIN
    mints: tuple[IdSlot, ...] = ()
    signed: tuple[IdSlot, ...] = ()
    beats: tuple[int, ...] | None = None
    created: int | None = None
    score: StreamTemplate | None = None
    events: int = 1
    heads: dict[Headers, Head] = field(default_factory=dict)

    def headed(self, more: Headers) -> Head:
        """The head with more headers."""
        found = self.heads.get(more)
        if found is None:
            if len(self.heads) >= _HEADS:
                self.heads.clear()
            found = self.heads[more] = Head(self.head.status, self.head.headers + more, self.head.wait)
        return found


class RenderedAnswer(Struct, frozen=True):
    """Head and chunks, and what is filled in: `first` is what stood there when it was `rendered`.

    Time and ids differ from attempt to attempt. The rest, `fixed`, is the same for all attempts of a request: its
    signatures, and what its prompt counts. `answer` is what they say.
    """

    root: Seed
    form: AnswerTemplate
    answer: Answer
    fixed: tuple[bytes, ...] = ()
    effort: Workload = NO_WORKLOAD
    first: tuple[bytes, ...] = ()
    rendered: int = 0

    @property
    def usage(self) -> Usage | None:
        """None where the answer is a refusal."""
        return self.answer.usage if isinstance(self.answer, Plan) else None

    @property
    def size(self) -> int:
        """Bytes of the answer, however it is delivered."""
        return sum(len(template.data) for template, _ in self.form.chunks)

    def rebind(self, root: Seed, prompt_tokens: int) -> "RenderedAnswer":
        """The same words for another request: with its ids and signatures, and its prompt counted."""
        form, effort, plan = self.form, self.effort, self.answer
        assert isinstance(plan, Plan)
        usage = replace(plan.usage, prompt_tokens=prompt_tokens)
        fixed = (*[mint.made(root) for mint in form.signed], *_counted(usage))
        if not form.schedule.is_noop:
            effort = replace(effort, prompt_tokens=prompt_tokens)
        return RenderedAnswer(root, form, replace(plan, usage=usage), fixed, effort)

    def deliver(self, attempt: int, now: int, more: Headers = (), others: int = 0, answers: int = 0) -> Delivery:
        """The steps of one attempt; `now` is in Unix seconds, `more` are headers of this attempt only.

        `others` are under way at the same time; `answers` with the same counted faults went before in this session.
        """
        form, seed = self.form, self.root.child("attempt", attempt)
        values = self.first if self.first and (attempt, now) == (0, self.rendered) else self._values(seed, now)
        head = form.headed(more) if more else form.head
        if form.schedule.is_noop:
            ((template, tokens),) = form.chunks  # `render` has joined them
            data = template.fill(values)
            return Delivery((head, Chunk(data, tokens, 0.0, form.events)), len(data))
        effort = replace(self.effort, others=others)
        if form.score is not None:
            waits = form.schedule.waits(form.score.tokens, seed, effort)
            return Delivery(PacedSteps(head, form.score, values, waits), form.score.size)
        events = len(form.beats) if form.beats else 1
        chunks = [Chunk(template.fill(values), tokens, events=events) for template, tokens in form.chunks]
        return Delivery(tuple(form.schedule.apply((head, *chunks), seed, effort, answers, form.beats)))

    def _values(self, seed: Seed, now: int) -> tuple[bytes, ...]:
        created = now if self.form.created is None else self.form.created
        return (b'"created":%d' % created, *[mint.made(seed, created) for mint in self.form.mints], *self.fixed)


def _counted(usage: Usage) -> tuple[bytes, bytes]:
    """Where the tokens of the prompt stand in a body: no JSON text has these quotes in it."""
    total = usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens
    return b'"prompt_tokens":%d' % usage.prompt_tokens, b'"total_tokens":%d' % total


class RenderOptions(Struct, frozen=True):
    """How an answer is made: the words' seed, the wire's style, the schedule, and who signs.

    `warm`: the same prompt was asked before, and the service may still have it.
    """

    root: Seed
    style: Style
    schedule: Schedule
    sign: Callable[[str, Seed], str]
    warm: bool = False


def render(
    script: Script | Failure, conversation: Conversation, card: Model, manner: RenderOptions, now: float
) -> RenderedAnswer:
    """The answer of `script`, in the dialect of the model."""
    dialect = DIALECTS[card.dialect](card.profile)
    if isinstance(script, Failure):
        return _refused(script, conversation, dialect, manner)
    minter = IdFactory(dialect, manner, script.created_at(now), _calls_so_far(conversation))
    answer = _planned(script, conversation, card, manner, minter, dialect)
    if isinstance(answer, Failure):
        return _refused(answer, conversation, dialect, manner)
    stream = bool(conversation.request.stream)
    head, chunks = _worded(answer, conversation, dialect, manner.style, stream)
    events = 1
    if manner.schedule.is_noop:
        events = len(chunks)
        # Nothing waits: one write is much cheaper than many, and a client sees the same events.
        chunks = [Chunk(b"".join(chunk.data for chunk in chunks), sum(chunk.tokens for chunk in chunks))]
    fixed = (*minter.signatures, *_counted(answer.usage))
    marks: tuple[bytes, ...] = (b'"created":%d' % minter.created, *minter.made, *fixed)
    templates = tuple((ByteTemplate(chunk.data, marks), chunk.tokens) for chunk in chunks)
    paced = stream and not manner.schedule.is_noop and not manner.schedule.faults
    literal = script.created is not None or script.id
    form = AnswerTemplate(
        head=head,
        chunks=templates,
        schedule=manner.schedule.for_dialect(dialect.stream_failure, dialect.stream_error),
        mints=tuple(minter.mints),
        signed=tuple(minter.signed),
        beats=None if stream else _beats(answer, conversation, dialect, manner),
        created=minter.created if literal else None,
        score=StreamTemplate.of(templates) if paced else None,
        events=events,
    )
    return RenderedAnswer(manner.root, form, answer, fixed, _effort(answer, conversation), marks, int(now))


def _beats(plan: Plan, conversation: Conversation, dialect: Dialect, manner: RenderOptions) -> tuple[int, ...]:
    """The tokens of each chunk that a stream of the answer would have."""
    if manner.schedule.is_noop:
        return ()
    return tuple([chunk.tokens for chunk in dialect.stream(plan, conversation.request, manner.style)])


def _effort(plan: Plan, conversation: Conversation) -> Workload:
    thought = any(isinstance(part, Thought) for choice in plan.choices for part in choice.parts)
    shown = thought and conversation.request.include_thoughts
    return Workload(plan.usage.prompt_tokens, 0 if shown else plan.usage.reasoning_tokens)


def _planned(
    script: Script,
    conversation: Conversation,
    card: Model,
    manner: RenderOptions,
    minter: "IdFactory",
    dialect: Dialect,
) -> Answer:
    answer_id = script.id or minter.response_id()
    signer = minter.sign if card.signs else _unsigned
    decoding = dialect.decoding(conversation.request)
    context = Context(conversation, manner.root, minter.attempt, minter.call_id, signer, decoding, groups=script.groups)
    try:
        plan = plan_script(script, context, card, answer_id, minter.created, warm=manner.warm)
    except Unsatisfiable as error:
        return dialect.unsatisfiable(error)
    return dialect.refusal(plan, conversation.request) or plan


def _unsigned(name: str, seed: Seed) -> None:
    return None


def _worded(
    plan: Plan, conversation: Conversation, dialect: Dialect, style: Style, stream: bool
) -> tuple[Head, Sequence[Chunk]]:
    if stream:
        return Head(200, dialect.stream_headers), dialect.stream(plan, conversation.request, style)
    return Head(200, dialect.headers), [dialect.unary(plan, conversation.request, style)]


def _refused(failure: Failure, conversation: Conversation, dialect: Dialect, manner: RenderOptions) -> RenderedAnswer:
    head, chunk = dialect.failure(failure, conversation.target)
    templates = ((ByteTemplate(chunk.data, ()), 0),)
    return RenderedAnswer(manner.root, AnswerTemplate(head, templates, manner.schedule, beats=(0,)), failure)


class IdFactory:
    """Makes the ids of the first attempt and the signatures, and remembers how."""

    def __init__(self, dialect: Dialect, manner: RenderOptions, created: int, calls: int) -> None:
        self._dialect = dialect
        self._manner = manner
        self._calls = calls
        self.attempt = manner.root.child("attempt", 0)
        self.created = created
        self.mints: list[IdSlot] = []
        self.made: list[bytes] = []
        self.signed: list[IdSlot] = []
        self.signatures: list[bytes] = []

    def response_id(self) -> str:
        return self._mint(self.attempt.child("id"), self._dialect.response_id)

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        number = self._calls
        self._calls += 1
        return self._mint(seed, lambda own, created: self._dialect.call_id(own, name, number))

    def _mint(self, seed: Seed, make: Callable[[Seed, int], str]) -> str:
        made = make(seed, self.created)
        if len(made) < _SHORTEST:
            return made
        self.mints.append(IdSlot(seed.path.removeprefix(self.attempt.path), make))
        self.made.append(made.encode())
        return made

    def sign(self, name: str, seed: Seed) -> str:
        signature = self._manner.sign(name, seed)
        suffix = seed.path.removeprefix(self._manner.root.path)
        self.signed.append(IdSlot(suffix, lambda own, _: self._manner.sign(name, own)))
        self.signatures.append(signature.encode())
        return signature


def _calls_so_far(conversation: Conversation) -> int:
    return sum(len(message.calls) for message in conversation.request.messages) if conversation.has_tool_calls else 0
