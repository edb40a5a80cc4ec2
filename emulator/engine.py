"""The story of one request: choose a turn, plan the answer, render it in a dialect, schedule its delivery."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from emulator.accounting import may_be_cached
from emulator.catalog import Catalog, Model
from emulator.chaos import answers_before, faults_for, pace_for
from emulator.conversation import Conversation
from emulator.delivery import Delivery
from emulator.dialects import DIALECTS, FRONT_END, Style
from emulator.errors import Near, ReplyError, RequestError, Unmatched
from emulator.explanation import Explanation
from emulator.gate import Gate, Pass
from emulator.journal import Exchange, Received, Source
from emulator.marks import marked, session_mark
from emulator.pacing import AT_ONCE
from emulator.plan import Answer, Failure, Plan
from emulator.quotas import Charge
from emulator.reading import parse
from emulator.redaction import Body, kept, without_secrets
from emulator.rendering import Manner, Rendering, render
from emulator.request import Caller, Target
from emulator.rules import Ask, Policy, judge
from emulator.scenario.library import Library
from emulator.scenario.places import Place
from emulator.scenario.planning import Script
from emulator.scenario.scripting import script_of
from emulator.scenario.timing import quota_in
from emulator.schedule import Schedule
from emulator.seed import Seed, sign, verify
from emulator.settings import Clock, Settings, speed_of
from emulator.shelf import counter_of, shelf_of, until_endless
from emulator.stores.store import Choices, Limit, Overlay, Store

# What decides an answer beside path and body, and the headers that scenarios read.
_DECIDING = (
    b"x-emulator-seed",
    b"x-emulator-scenario",
    b"x-emulator-wire",
    b"x-emulator-speed",
    b"x-emulator-fault",
    b"x-emulator-pacing",
    b"x-vertex-ai-llm-request-type",
    b"x-vertex-ai-llm-shared-request-type",
)
_PREPARED = 512  # requests that are kept ready
_SHELVES = 256  # sessions with pushed scenarios that are kept ready
_EXPLAINED = 1_000  # turns of which it is said why they do not fit
_ENTRY = 1_000  # bytes that an entry takes beside body and answer
_LARGEST = 256_000  # bytes of a request that is kept ready


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: body, path, headers by lower-case name, and how many others are being answered."""

    body: bytes
    path: str
    target: Target
    headers: Mapping[bytes, bytes]
    caller: Caller
    others: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What to deliver, and the entry that the journal has of it; 0: it has none."""

    delivery: Delivery
    received: Received
    number: int
    leases: Sequence[Charge] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that was read, judged and matched: the places that may answer, with their limits.

    None among the places stands for the invented answer. `notes` are for the developer; `cacheable`: the service may
    still have the prompt when it comes again. `renderings` fills as places answer, for first requests and repeats.
    """

    conversation: Conversation
    digest: bytes
    card: Model
    caller: Caller
    shelf: Library
    places: Sequence[Place | None]
    limits: Sequence[Limit]
    notes: Sequence[str]
    cacheable: bool
    renderings: dict[tuple[int | None, bool], tuple[Rendering, Exchange]] = field(default_factory=dict)

    @property
    def nearest(self) -> Sequence[Near]:
        """The turns that nearly fit, and why they do not."""
        return self.shelf.nearest(self.conversation, self.caller.scenario)


class Made(NamedTuple):
    """An answer, and what it was made from; None: the request could not be read."""

    exchange: Exchange
    delivery: Delivery
    attempt: int
    at: float
    answer: Answer | None
    prepared: Prepared | None
    leases: Sequence[Charge] = ()


_Key: TypeAlias = tuple[object, ...]


class Engine:
    """Answers requests. Owns a cache only: state is the store's, scenarios are the library's."""

    def __init__(self, settings: Settings, library: Library, store: Store, catalog: Catalog, clock: Clock) -> None:
        self.settings = settings
        self.library = library
        self.store = store
        self.catalog = catalog
        self.clock = clock
        self._signing = Seed.root(settings.seed, "signatures").bytes(32)
        self._gate = Gate(store)
        self._policy = Policy.of(settings)
        self._shelf = lru_cache(maxsize=_SHELVES)(shelf_of)
        self._cache: OrderedDict[_Key, Prepared] = OrderedDict()

    async def answer(self, asked: Asked) -> Answered:
        """The steps to play for a request; the journal has its entry when this returns."""
        made = await self._made(asked)
        answered = await self.record(
            made.exchange, made.delivery, asked.headers, asked.caller.session, made.attempt, made.at
        )
        return replace(answered, leases=made.leases) if made.leases else answered

    async def explain(self, asked: Asked) -> Explanation:
        """What `answer` would say now, and why: nothing is counted and nothing journaled."""
        made = await self._made(asked, dry=True)
        prepared, exchange = made.prepared, made.exchange
        if prepared is None:
            return Explanation(exchange, made.delivery, made.attempt, made.answer)
        conversation, only = prepared.conversation, prepared.caller.scenario
        fitting = {str(place): place for place in prepared.shelf.fitting(conversation, only)}
        chosen = fitting.pop(f"{exchange.scenario}/{exchange.turn}", None)
        nearest = prepared.shelf.nearest(conversation, only, most=_EXPLAINED)
        where = chosen.where if chosen else ""
        return Explanation(exchange, made.delivery, made.attempt, made.answer, where, tuple(fitting), nearest)

    async def _made(self, asked: Asked, *, dry: bool = False) -> Made:
        session = asked.caller.session
        overlay = await self.store.overlay(session)
        now = self.clock() if overlay.choices.clock is None else overlay.choices.clock
        try:
            prepared = self._prepared(asked, overlay)
        except RequestError as error:
            delivery, exchange = self._refuse(asked, error.failure)
            return Made(exchange, delivery, 0, now, error.failure, None)
        admitted = await self._admitted(asked, prepared, overlay, dry=dry)
        if isinstance(admitted, Failure):
            delivery, exchange = self._refuse(asked, admitted)
            return Made(exchange, delivery, 0, now, admitted, prepared)
        if admitted.provisioned:
            asked = replace(asked, headers=admitted.headers(asked.headers))
            prepared = self._prepared(asked, overlay)
        claim = await self.store.claim(session, prepared.digest, prepared.limits, dry=dry)
        attempt = 0 if self.settings.ids == "stable" else claim.attempt
        warm = attempt > 0 and prepared.cacheable
        rendering, exchange = self._rendering(prepared, claim.index, asked, now, warm=warm)
        turn = "" if claim.index is None else prepared.limits[claim.index].key
        answers = await answers_before(self.store, session, rendering.schedule, prepared.caller.fault, turn, dry=dry)
        more = session_mark(session) if self.settings.emulator_headers else ()
        delivery = rendering.deliver(attempt, int(now), more, asked.others, answers)
        if not dry:
            await self._gate.settle(session, admitted, rendering.answer)
        return Made(exchange, delivery, claim.attempt, now, rendering.answer, prepared, admitted.leases)

    async def _admitted(self, asked: Asked, prepared: Prepared, overlay: Overlay, *, dry: bool) -> Pass | Failure:
        quota = quota_in(overlay.choices.quota or self.settings.quota)
        model = prepared.conversation.request.model
        if dry:
            return Pass(quota, asked.target, model)
        return await self._gate.admit(asked.caller.session, quota, asked.target, model, asked.headers)

    async def release(self, answered: Answered) -> None:
        """Note that the answer is over."""
        await self._gate.release(answered.received.session, answered.leases)

    async def record(
        self,
        exchange: Exchange,
        delivery: Delivery,
        headers: Mapping[bytes, bytes],
        session: str,
        attempt: int = 0,
        at: float | None = None,
    ) -> Answered:
        """Put an answer into the journal before it leaves."""
        told, size = kept(delivery, self.settings.journal_body)
        size += len(exchange.body.data) + _ENTRY
        at = self.clock() if at is None else at
        received = Received(at, session, attempt, exchange, without_secrets(headers), told, size)
        return Answered(delivery, received, await self.store.append(received))

    # ---- choose

    def _prepared(self, asked: Asked, overlay: Overlay) -> Prepared:
        said = (*map(asked.headers.get, _DECIDING), *_read(asked.headers, self.shelf(overlay).header_names))
        key = (asked.body, asked.path, asked.target.host, *said, overlay.generation, id(self.library))
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        prepared = self._prepare(asked, overlay)
        if len(asked.body) < _LARGEST:
            self._cache[key] = prepared
            if len(self._cache) > _PREPARED:
                self._cache.popitem(last=False)
        return prepared

    def use(self, library: Library) -> None:
        """Answer with these scenarios from the next request on; those under way keep theirs."""
        self.library = library
        self._cache.clear()
        self._shelf.cache_clear()

    def _prepare(self, asked: Asked, overlay: Overlay) -> Prepared:
        request, body = parse(asked.body)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in asked.headers.items()}
        conversation = Conversation(request, body, asked.target, headers)
        card = self.catalog.card(request.model, asked.target)
        if isinstance(card, Failure):
            raise RequestError(card)
        judgement = judge(Ask.of(conversation, card, self._policy, partial(verify, self._signing), len(asked.body)))
        if judgement.failure is not None:
            raise RequestError(judgement.failure)
        shelf = self.shelf(overlay)
        caller = _settled(asked.caller, overlay.choices)
        places: list[Place | None] = list(until_endless(shelf.fitting(conversation, caller.scenario)))
        endless = bool(places) and places[-1] is not None and places[-1].turn.times is None
        if self.settings.unmatched == "generate" and not endless:
            places.append(None)
        limits = [Limit(counter_of(place), place.turn.times) if place else Limit("", None) for place in places]
        digest = blake2b(conversation.fingerprint, digest_size=16).digest()
        cacheable = may_be_cached(conversation, card, len(asked.body))
        return Prepared(conversation, digest, card, caller, shelf, places, limits, judgement.notes, cacheable)

    def shelf(self, overlay: Overlay) -> Library:
        """The scenarios that answer in a session."""
        return self._shelf(overlay, self.library) if overlay.published else self.library

    # ---- plan and render

    def _rendering(
        self, prepared: Prepared, index: int | None, asked: Asked, now: float, *, warm: bool
    ) -> tuple[Rendering, Exchange]:
        found = prepared.renderings.get((index, warm))
        if found is None:
            found = prepared.renderings[index, warm] = self._render(prepared, index, asked, now, warm=warm)
        return found

    def _render(
        self, prepared: Prepared, index: int | None, asked: Asked, now: float, *, warm: bool
    ) -> tuple[Rendering, Exchange]:
        place = None if index is None else prepared.places[index]
        nearest = prepared.nearest if place is None else ()
        refusal = _no_turn(Unmatched(nearest)) if index is None else None
        rendering, source = self._worded(prepared, place, refusal, now, warm=warm)
        exchange = Exchange(
            method="POST",
            path=asked.path,
            model=prepared.conversation.request.model,
            body=Body.of(asked.body, self.settings.journal_body),
            status=rendering.head.status,
            source=source,
            stream=bool(prepared.conversation.request.stream),
            scenario=place.scenario.name if place else "",
            turn=place.number if place else 0,
            usage=rendering.usage,
            nearest=tuple(nearest),
        )
        return rendering, exchange

    def _worded(
        self, prepared: Prepared, place: Place | None, refusal: Failure | None, now: float, *, warm: bool
    ) -> tuple[Rendering, Source]:
        manner = self._manner(prepared, place, warm=warm)
        conversation, card = prepared.conversation, prepared.card
        if refusal is not None:
            rendering = render(refusal, conversation, card, manner, now)
            return self._marked(rendering, prepared, error="unmatched"), "unmatched"
        where = str(place) if place else "generated"
        try:
            script = _script(place, conversation, manner)
            rendering = render(script, conversation, card, manner, now)
        except ReplyError as error:
            failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {place.where if place else where}: {error}")
            rendering = render(failure, conversation, card, manner, now)
            return self._marked(rendering, prepared, where, error="scenario"), "unsatisfiable"
        unfit = isinstance(script, Script) and not isinstance(rendering.answer, Plan)
        source: Source = "unsatisfiable" if unfit else "turn" if place else "generated"
        return self._marked(rendering, prepared, where), source

    def _marked(self, rendering: Rendering, prepared: Prepared, turn: str = "", error: str = "") -> Rendering:
        if not self.settings.emulator_headers:
            return rendering
        return replace(rendering, head=marked(rendering.head, turn, error, prepared.notes))

    def _manner(self, prepared: Prepared, place: Place | None, *, warm: bool) -> Manner:
        caller, settings = prepared.caller, self.settings
        scenario = place.scenario if place else None
        realistic, speed = speed_of(caller.speed or settings.speed)
        written = pace_for(caller, place)
        usual = prepared.card.pace if realistic else AT_ONCE
        wire = caller.wire or (scenario.wire if scenario else None) or settings.wire
        cut = (written.tokens_per_chunk if written else None) or prepared.card.tokens_per_chunk
        name, content = (scenario.name, place.turn.content) if scenario and place else ("", b"")
        root = Seed.root(caller.seed or settings.seed, name, content, prepared.conversation.fingerprint)
        style = Style(wire == "sdk-safe", cut, root, settings.tool_index, settings.fragment)
        schedule = Schedule(written.pacing if written else usual, speed, faults_for(caller, place))
        return Manner(root, style, schedule, self._sign, warm)

    def _sign(self, name: str, seed: Seed) -> str:
        return sign(self._signing, name, seed)

    def _refuse(self, asked: Asked, failure: Failure) -> tuple[Delivery, Exchange]:
        """The answer to a request that could not be read, or names no model."""
        card = self.catalog.card("", asked.target)
        if isinstance(card, Model):
            head, chunk = DIALECTS[card.dialect](card.voice).failure(failure, asked.target)
        else:
            # Google's front end looks for the endpoint before anyone reads the body.
            failure = failure if asked.target.shared else card
            head, chunk = FRONT_END.failure(failure, asked.target)
        body = Body.of(asked.body, self.settings.journal_body)
        return Delivery((head, chunk)), Exchange("POST", asked.path, "", body, failure.status, "refused")


def _script(place: Place | None, conversation: Conversation, manner: Manner) -> Script | Failure:
    if place is None:
        from emulator.scenario.improvised import Improvised

        return Script((Improvised(),))
    return script_of(place.turn, place.scenario.usage, conversation, manner.root)


def _read(headers: Mapping[bytes, bytes], names: Sequence[bytes]) -> Iterable[object]:
    """The values of the headers that scenarios read."""
    return sorted(headers.items()) if b"*" in names else map(headers.get, names)


def _no_turn(unmatched: Unmatched) -> Failure:
    # 400, not 5xx: the OpenAI clients would ask again.
    return Failure(400, "FAILED_PRECONDITION", f"gemulator: {unmatched}")


def _settled(caller: Caller, choices: Choices) -> Caller:
    """The caller; what their headers leave open is as their session says."""
    return replace(
        caller,
        scenario=caller.scenario or choices.scenario,
        seed=caller.seed or choices.seed,
        fault=caller.fault or choices.fault,
        pacing=caller.pacing or choices.pacing,
    )
