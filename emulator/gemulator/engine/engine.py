"""The story of one request: choose a turn, plan the answer, render it in a dialect, schedule its delivery."""

from collections.abc import Mapping, Sequence
from functools import partial

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.clock import Clock
from gemulator.core.errors import NearMiss, RequestError, Unmatched
from gemulator.core.plan import Answer, Failure
from gemulator.core.seed import Seed, sign
from gemulator.core.settings import Settings
from gemulator.delivery.steps import Delivery
from gemulator.dialects import DIALECTS, FRONT_END
from gemulator.engine.admission import QuotaAdmission
from gemulator.engine.answer import AnswerBuilder
from gemulator.engine.constant_answers import ConstantAnswerCache
from gemulator.engine.delivery_overrides import count_prior_answers
from gemulator.engine.explain import Explanation
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.prepare import LazyNearMisses, PreparedRequest, RequestPreparer
from gemulator.engine.rendering import RenderedAnswer
from gemulator.engine.response_headers import session_header
from gemulator.scenario.delivery_fields import parse_quota
from gemulator.scenario.library import Library
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.catalog import Catalog, Model
from gemulator.service.quotas import UNLIMITED, Charge
from gemulator.state.journal.entry import Exchange, Received, Source
from gemulator.state.journal.redaction import Body, drop_secrets, truncate_delivery
from gemulator.state.store import Claim, Store

_EXPLAINED = 1_000  # turns of which it is said why they do not fit
_ENTRY = 1_000  # bytes that an entry takes beside body and answer
_ENCODED = (b"x-emulator-hint", b"the request has a Content-Encoding: send the body as it is, and without that header")


class EngineResult(Struct, frozen=True, gc=False):
    """What to deliver, and the entry that the journal has of it; 0: it has none."""

    delivery: Delivery
    received: Received
    number: int
    leases: Sequence[Charge] = ()


class AnswerDraft(Struct, frozen=True, gc=False):
    """An answer, and what it was made from; None: the request could not be read."""

    exchange: Exchange
    delivery: Delivery
    attempt: int
    at: float
    answer: Answer | None
    prepared: PreparedRequest | None


class Engine:
    """Answers requests. Owns no state: counters and journal are the store's, scenarios the library's."""

    def __init__(self, settings: Settings, library: Library, store: Store, catalog: Catalog, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.catalog = catalog
        self.clock = clock
        signing = Seed.root(settings.seed, "signatures").bytes(32)
        self.preparation = RequestPreparer(settings, library, catalog, signing)
        self._wording = AnswerBuilder(settings, partial(sign, signing))
        self._standing = ConstantAnswerCache(settings.seed)
        self._gate = QuotaAdmission(store)

    async def answer(self, asked: IncomingRequest) -> EngineResult:
        """The steps to play for a request; the journal has its entry when this returns."""
        session = asked.caller.session
        lent: list[Charge] = []
        try:
            made = await self._build_answer(asked, lent)
            answered = await self.record(made.exchange, made.delivery, asked.headers, session, made.attempt, made.at)
        except BaseException:
            if lent:
                await self._gate.release(session, lent)
            raise
        return replace(answered, leases=lent) if lent else answered

    async def explain(self, asked: IncomingRequest) -> Explanation:
        """What `answer` would say now, and why: nothing is counted and nothing journaled."""
        made = await self._build_answer(asked, [], dry=True)
        prepared, exchange = made.prepared, made.exchange
        if prepared is None:
            return Explanation(exchange, made.delivery, made.attempt, made.answer)
        conversation, only = prepared.conversation, prepared.caller.scenario
        fitting = list(prepared.library.matching_turns(conversation, only))
        names = [str(place) for place in fitting]
        chosen = f"{exchange.scenario}/{exchange.turn}"
        at = names.index(chosen) if chosen in names else len(names)
        where = fitting[at].location if at < len(names) else ""
        spent = [place.exhausted for place in fitting[:at]]
        nearest = prepared.library.near_misses(conversation, only, limit=_EXPLAINED)
        return Explanation(exchange, made.delivery, made.attempt, made.answer, where, names[at + 1 :], spent, nearest)

    async def _build_answer(self, asked: IncomingRequest, lent: list[Charge], *, dry: bool = False) -> AnswerDraft:
        """The answer, and in `lent` what is to be given back when it is over."""
        session = asked.caller.session
        overlay = await self.store.overlay(session)
        now = self.clock() if overlay.settings.clock is None else overlay.settings.clock
        try:
            prepared = self.preparation.prepare(asked, overlay)
        except RequestError as error:
            delivery, exchange = self._refuse(asked, error.failure)
            return AnswerDraft(exchange, delivery, 0, now, error.failure, None)
        line = asked.caller.quota or overlay.settings.quota or self.settings.quota
        quota = UNLIMITED if dry else parse_quota(line)
        admitted = None
        if quota is not UNLIMITED:
            model = prepared.conversation.request.model
            admitted = await self._gate.admit(session, quota, asked.target, model, asked.headers)
        if isinstance(admitted, Failure):
            delivery, exchange = self._refuse(asked, admitted)
            return AnswerDraft(exchange, delivery, 0, now, admitted, prepared)
        if admitted is not None:
            lent += admitted.leases
            if admitted.provisioned:
                asked = replace(asked, headers=admitted.headers(asked.headers))
                prepared = self.preparation.prepare(asked, overlay)
        claim = await self.store.claim(session, prepared.conversation.fingerprint, prepared.limits, dry=dry)
        attempt = 0 if self.settings.ids == "stable" else claim.attempt
        warm = attempt > 0 and prepared.cacheable
        rendering, exchange = self._rendering(prepared, claim.index, asked, now, warm=warm)
        phases = rendering.form.schedule.phases
        answers = await self._answers_before(phases, session, prepared, claim, dry=dry) if phases else 0
        more = session_header(session) if self.settings.emulator_headers else ()
        delivery = rendering.deliver(attempt, int(now), more, asked.others, answers)
        if admitted is not None:
            await self._gate.settle(session, admitted, rendering.usage)
        return AnswerDraft(exchange, delivery, claim.attempt, now, rendering.answer, prepared)

    async def _answers_before(
        self, phases: Sequence[int], session: str, prepared: PreparedRequest, claim: Claim, *, dry: bool
    ) -> int:
        turn = "" if claim.index is None else prepared.limits[claim.index].key
        return await count_prior_answers(self.store, session, phases, prepared.caller.fault, turn, dry=dry)

    async def release(self, answered: EngineResult) -> None:
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
    ) -> EngineResult:
        """Put an answer into the journal before it leaves."""
        told, size = truncate_delivery(delivery, self.settings.journal_body)
        size += len(exchange.body.data) + _ENTRY
        at = self.clock() if at is None else at
        received = Received(at, session, attempt, exchange, drop_secrets(headers), told, size)
        return EngineResult(delivery, received, await self.store.append(received))

    # ---- plan and render

    def _rendering(
        self, prepared: PreparedRequest, index: int | None, asked: IncomingRequest, now: float, *, warm: bool
    ) -> tuple[RenderedAnswer, Exchange]:
        found = prepared.renderings.get((index, warm))
        if found is None:
            found = self._render(prepared, index, asked, now, warm=warm)
            self.preparation.store_rendering(prepared, (index, warm), found)
        return found

    def _render(
        self, prepared: PreparedRequest, index: int | None, asked: IncomingRequest, now: float, *, warm: bool
    ) -> tuple[RenderedAnswer, Exchange]:
        if index is None:
            nearest = prepared.nearest
            rendering = self._wording.refuse_unmatched(prepared, Unmatched(nearest), now)
            return rendering, self._exchange(prepared, None, asked, rendering, "unmatched", nearest)
        place = prepared.candidates[index]
        standing = self._standing.get(prepared, place) if place is not None and not warm else None
        if standing is not None:
            return standing, self._exchange(prepared, place, asked, standing, "turn")
        rendering, source = self._wording.build(prepared, place, now, warm=warm)
        if place is None:
            whole = len(asked.body) <= self.settings.journal_body
            only, spent = prepared.caller.scenario, prepared.exhausted
            nearest = LazyNearMisses(asked, prepared.library, only, spent) if whole else prepared.nearest
            return rendering, self._exchange(prepared, None, asked, rendering, source, nearest)
        if not warm:
            self._standing.put(prepared, place, rendering)
        return rendering, self._exchange(prepared, place, asked, rendering, source)

    def _exchange(
        self,
        prepared: PreparedRequest,
        place: LocatedTurn | None,
        asked: IncomingRequest,
        rendering: RenderedAnswer,
        source: Source,
        nearest: Sequence[NearMiss] = (),
    ) -> Exchange:
        request = prepared.conversation.request
        return Exchange(
            "POST",
            asked.path,
            request.model,
            Body.of(asked.body, self.settings.journal_body),
            rendering.form.head.status,
            source,
            bool(request.stream),
            place.scenario.name if place else "",
            place.number if place else 0,
            rendering.usage,
            nearest,
        )

    def _refuse(self, asked: IncomingRequest, failure: Failure) -> tuple[Delivery, Exchange]:
        """The answer to a request that could not be read, or names no model; it may name one all the same."""
        card = self.catalog.lookup("", asked.target)
        if isinstance(card, Model):
            head, chunk = DIALECTS[card.dialect](card.profile).failure(failure, asked.target)
        else:
            # Google's front end looks for the endpoint before anyone reads the body.
            failure = failure if asked.target.shared else card
            head, chunk = FRONT_END.failure(failure, asked.target)
        if _is_encoded(asked, failure) and self.settings.emulator_headers:
            head = replace(head, headers=(*head.headers, _ENCODED))
        body = Body.of(asked.body, self.settings.journal_body)
        exchange = Exchange("POST", asked.path, _model_in(asked.body), body, head.status, "refused")
        return Delivery((head, chunk)), exchange


def _is_encoded(asked: IncomingRequest, failure: Failure) -> bool:
    """Whether a body may be no JSON because it is compressed."""
    return (
        failure.invalid_field is not None
        and failure.invalid_field.kind == "json_invalid"
        and b"content-encoding" in asked.headers
    )


def _model_in(body: bytes) -> str:
    """The model that a body names which is refused, where it is JSON."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    model = tree.get("model") if isinstance(tree, dict) else None
    return model if isinstance(model, str) else ""
