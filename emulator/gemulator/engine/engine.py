"""Engine: choose a turn, plan, render and schedule the answer."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from gemulator.core.budget import Budget
from gemulator.core.clock import UTC, Clock
from gemulator.core.credentials import Redactor
from gemulator.core.entrance import Entrance
from gemulator.core.errors import NearMiss, RequestError, Unmatched
from gemulator.core.plan import Failure
from gemulator.core.seed import Seed, sign
from gemulator.core.settings import Settings
from gemulator.delivery.sent_events import status_of
from gemulator.delivery.steps import Delivery
from gemulator.dialects import DIALECTS, FRONT_END, refusal
from gemulator.engine.admission import QuotaAdmission
from gemulator.engine.answer import AnswerBuilder
from gemulator.engine.cache import AnswerCache
from gemulator.engine.chaos import with_chaos
from gemulator.engine.delivery_overrides import count_prior_answers
from gemulator.engine.explain import Explanation
from gemulator.engine.forwarding import Forwarding
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.near_misses import compare, near_misses
from gemulator.engine.prepare import PreparedRequest, RequestPreparer
from gemulator.engine.redacted_request import redacted_conversation, shown_near_misses
from gemulator.engine.refused_body import is_encoded, model_in
from gemulator.engine.rendering import RenderedAnswer
from gemulator.engine.response_headers import add_emulator_headers
from gemulator.engine.result import AdmittedRequest, AnswerDraft, EngineResult
from gemulator.engine.worker import Worker
from gemulator.scenario.delivery_fields import parse_quota
from gemulator.scenario.library import Library
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.catalog import Catalog, Model
from gemulator.service.quotas import UNLIMITED, Charge
from gemulator.state.journal.answers import redact_delivery
from gemulator.state.journal.body import Body, truncate_delivery
from gemulator.state.journal.entry import Exchange, Received, Source
from gemulator.state.journal.redaction import HeaderRedactor
from gemulator.state.store import UNCHANGED, Claim, Store

_MAX_EXPLAINED = 1_000  # near misses of one explanation
_ENTRY_OVERHEAD = 1_000  # bytes of a journal entry beside body and answer


class Engine:
    """Answers requests. Counters and the journal are in the store, scenarios in the library."""

    def __init__(self, settings: Settings, library: Library, store: Store, catalog: Catalog, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.catalog = catalog
        self.clock = clock
        self.utc = UTC  # of times that pass while `clock` is frozen
        self.entrance: Entrance = "app"
        self.redactor = Redactor(settings.redact)
        self._stored_headers = HeaderRedactor(self.redactor)
        signing = Seed.root(settings.seed, "signatures").bytes(32)
        cache = AnswerCache()
        self.preparation = RequestPreparer(settings, library, catalog, signing, cache)
        self._builder = AnswerBuilder(settings, partial(sign, signing), cache)
        self.forwarding = Forwarding(settings, self._builder, self.preparation, self.redactor)
        self._admission = QuotaAdmission(store)
        self._worker = Worker()

    async def answer(self, incoming: IncomingRequest) -> EngineResult:
        """Return the delivery for a request, after it was journaled."""
        session = incoming.caller.session
        admitted = await self._admit(incoming)
        leases = () if isinstance(admitted, AnswerDraft) or admitted.admission is None else admitted.admission.leases
        try:
            draft = admitted if isinstance(admitted, AnswerDraft) else await self._build_answer(admitted)
            exchange, delivery, headers = draft.exchange, draft.delivery, incoming.headers
            return await self.record(exchange, delivery, headers, session, draft.attempt, draft.at, leases)
        except BaseException:
            if leases:
                await self._admission.release(session, leases)
            raise

    async def explain(self, incoming: IncomingRequest) -> Explanation:
        """Return the answer that the request would get now, with reasons. Neither counted nor journaled."""
        admitted = await self._admit(incoming, dry=True)
        draft = admitted if isinstance(admitted, AnswerDraft) else await self._build_answer(admitted, dry=True)
        if isinstance(admitted, AnswerDraft) or draft.exchange.source == "refused":
            return Explanation(draft.exchange, draft.delivery, draft.attempt, draft.answer)
        prepared = admitted.prepared
        conversation, only = prepared.conversation, prepared.caller.settings.scenario
        shown = redacted_conversation(conversation, draft.exchange.body)
        comparing = partial(compare, prepared.library, conversation, only, _MAX_EXPLAINED, shown)
        matching, nearest = await self._worker.run(len(incoming.body), comparing)
        if prepared.candidates and prepared.candidates[0] not in {*matching, None}:  # an ordered error
            return Explanation(draft.exchange, draft.delivery, draft.attempt, draft.answer)
        names = [str(located) for located in matching]
        chosen = f"{draft.exchange.scenario}/{draft.exchange.turn}"
        at = names.index(chosen) if chosen in names else len(names)
        return Explanation(
            draft.exchange,
            draft.delivery,
            draft.attempt,
            draft.answer,
            location=matching[at].location if at < len(names) else "",
            also_matching=names[at + 1 :],
            exhausted=[located.exhausted for located in matching[:at]],
            nearest=nearest,
        )

    async def near_misses(self, incoming: IncomingRequest, *, answered: bool) -> Sequence[NearMiss]:
        """Return the turns that nearly match a journaled request; see `near_misses`."""
        return await near_misses(self.store, self.preparation, self._worker, incoming, answered=answered)

    async def _admit(self, incoming: IncomingRequest, *, dry: bool = False) -> AdmittedRequest | AnswerDraft:
        """Prepare a request and charge it to its quota; return a draft of the refusal if one of them fails."""
        session = incoming.caller.session
        overlay, everyone = await self.store.overlays(session)
        if overlay is not UNCHANGED or everyone is not UNCHANGED:
            overlay = await with_chaos(self.store, session, (overlay, everyone), self.utc, dry=dry)
        if overlay.published:
            await self.preparation.preload(overlay)
        now = self.clock() if overlay.settings.clock is None else overlay.settings.clock
        try:
            prepared = await self._worker.run(len(incoming.body), self.preparation.prepare, incoming, overlay)
        except RequestError as error:
            return await self._worker.run(len(incoming.body), self._refuse, incoming, error.failure, now)
        line = prepared.caller.settings.quota or self.settings.quota
        # A request that the service refuses is not charged, as no token of it is counted.
        quota = UNLIMITED if dry or prepared.refusal is not None else parse_quota(line)
        if quota is UNLIMITED:
            return AdmittedRequest(incoming, prepared, overlay, now)
        model = prepared.conversation.request.model
        admission = await self._admission.admit(session, quota, incoming.target, model, incoming.headers)
        if isinstance(admission, Failure):
            return self._refuse(incoming, admission, now)
        return AdmittedRequest(incoming, prepared, overlay, now, admission)

    async def _build_answer(self, admitted: AdmittedRequest, *, dry: bool = False) -> AnswerDraft:
        """Choose a turn, render its answer and schedule the delivery."""
        incoming, prepared, now, admission = admitted.incoming, admitted.prepared, admitted.at, admitted.admission
        session = incoming.caller.session
        if admission is not None and admission.provisioned:
            # Answered like a request with the header for provisioned throughput, which turns and usage depend on.
            incoming = replace(incoming, headers=admission.headers(incoming.headers))
            prepared = await self._worker.run(len(incoming.body), self.preparation.prepare, incoming, admitted.overlay)
        claim = await self.store.claim(session, prepared.conversation.fingerprint, prepared.limits, dry=dry)
        refusal = prepared.refusal
        if refusal is not None and (claim.index is None or not prepared.limits[claim.index].counts):
            return await self._worker.run(len(incoming.body), self._refuse, incoming, refusal, now)
        attempt = 0 if self.settings.ids == "stable" else claim.attempt
        which = (claim.index, attempt > 0 and prepared.may_be_cached)
        rendered = prepared.renderings.get(which)
        if rendered is None:
            if reply := self.forwarding.reply(admitted, prepared, claim):
                return self.forwarding.draft(admitted, prepared, claim, reply, dry=dry)
            rendered = await self._render_new(prepared, which, incoming, now)
        rendering, exchange = rendered
        if exchange.source == "unsatisfiable" and not dry:
            await self._unclaim(session, prepared, claim)
        phases = rendering.template.schedule.phases
        answers = await self._prior_answers(phases, session, prepared, claim, dry=dry) if phases else 0
        named = session if self.settings.emulator_headers else ""
        delivery = rendering.deliver(attempt, int(now), named, incoming.others, answers)
        if delivery.faults:
            exchange = replace(exchange, status=status_of(delivery.steps))
        if admission is not None:
            await self._admission.settle(session, admission, rendering.usage)
        return AnswerDraft(exchange, delivery, claim.attempt, now, rendering.answer)

    async def _render_new(
        self, prepared: PreparedRequest, which: tuple[int | None, bool], incoming: IncomingRequest, now: float
    ) -> tuple[RenderedAnswer, Exchange]:
        """Return the answer of a candidate and its exchange, stored for the next equal request."""
        rendered = await self._worker.run_within(len(incoming.body), self._render, prepared, which, incoming, now)
        located = None if which[0] is None else prepared.candidates[which[0]]
        if located is None or not located.turn.reads_clock:
            self.preparation.store_rendering(prepared, which, rendered)
        return rendered

    async def _unclaim(self, session: str, prepared: PreparedRequest, claim: Claim) -> None:
        """Give back the claim on a turn whose reply cannot be sent."""
        if claim.index is not None and prepared.limits[claim.index].times is not None:
            await self.store.unclaim(session, prepared.limits[claim.index].key)

    async def _prior_answers(
        self, phases: Sequence[int], session: str, prepared: PreparedRequest, claim: Claim, *, dry: bool
    ) -> int:
        turn = "" if claim.index is None else prepared.limits[claim.index].key
        return await count_prior_answers(self.store, session, phases, prepared.caller.settings.fault, turn, dry=dry)

    async def release(self, result: EngineResult) -> None:
        """Release the leases of an answer that has ended."""
        await self._admission.release(result.received.session, result.leases)

    async def record(
        self,
        exchange: Exchange,
        delivery: Delivery,
        headers: Mapping[bytes, bytes],
        session: str,
        attempt: int = 0,
        at: float | None = None,
        leases: Sequence[Charge] = (),
    ) -> EngineResult:
        """Journal an answer before it is sent."""
        stored = delivery
        if exchange.body.redacted or self.redactor.has_patterns:
            stored = redact_delivery(delivery, self.redactor)
        stored, size = truncate_delivery(stored, self.settings.journal_body)
        kept, kept_size = self._stored_headers.of(headers)
        size += len(exchange.body.kept) + len(exchange.model) + kept_size + _ENTRY_OVERHEAD
        at = self.clock() if at is None else at
        received = Received(at, session, attempt, exchange, kept, stored, size)
        return EngineResult(delivery, received, await self.store.append(received), leases)

    # ---- plan and render

    def _render(
        self,
        budget: Budget,
        prepared: PreparedRequest,
        which: tuple[int | None, bool],
        incoming: IncomingRequest,
        now: float,
    ) -> tuple[RenderedAnswer, Exchange]:
        """Return the answer of a candidate to a first or (True) repeated request, and its exchange."""
        index, is_repeat = which
        located = None if index is None else prepared.candidates[index]
        source: Source = "unmatched"
        nearest: Sequence[NearMiss] = ()
        suspect = prepared.conversation.parsed.suspect
        body = Body.of(incoming.body, self.settings.journal_body, self.redactor, suspect=suspect)
        if located is None and (index is None or prepared.library.reads_credentials or not body.is_complete):
            # Otherwise `near_misses` computes them when the entry is read, because ranking is expensive.
            budget.expect(prepared.nearest_steps)
            nearest = shown_near_misses(prepared, body, self.redactor)
        if index is None:
            rendering = self._builder.refuse_unmatched(prepared, Unmatched(nearest), now)
        else:
            rendering, source = self._builder.build(prepared, located, now, budget, is_repeat=is_repeat)
        return rendering, self._exchange(prepared, located, incoming.path, body, rendering, source, nearest)

    def _exchange(
        self,
        prepared: PreparedRequest,
        located: LocatedTurn | None,
        path: str,
        body: Body,
        rendering: RenderedAnswer,
        source: Source,
        nearest: Sequence[NearMiss],
    ) -> Exchange:
        request, redact = prepared.conversation.request, self.redactor.text
        failure = rendering.answer if isinstance(rendering.answer, Failure) else None
        return Exchange(
            "POST",
            redact(path),
            redact(request.model),
            body,
            rendering.template.head.status,
            source,
            bool(request.stream),
            located.scenario.name if located else "",
            located.number if located else 0,
            rendering.usage,
            nearest,
            [*map(redact, prepared.tolerated)] if prepared.tolerated else (),
            redact(failure.hint) if failure else "",
            failure.name if failure and source == "unsatisfiable" else "",
        )

    def _refuse(self, incoming: IncomingRequest, failure: Failure, now: float) -> AnswerDraft:
        """Return the refusal of a request that is invalid, names no known model or exceeds its quota."""
        model, answer = self.catalog.lookup("", incoming.target), failure
        if isinstance(model, Model):
            head, chunk = refusal(DIALECTS[model.dialect](model.profile), failure, incoming.target)
        else:
            # Google's front end looks up the endpoint before the body is read.
            answer = failure if incoming.target.shared else model
            head, chunk = refusal(FRONT_END, answer, incoming.target)
        if is_encoded(incoming, answer):
            remedy = "send the body uncompressed and without that header"
            answer = replace(answer, cause="the request has a Content-Encoding header", remedy=remedy)
        if self.settings.emulator_headers:
            head = add_emulator_headers(head, hint=answer.hint)
        exchange = Exchange(
            "POST",
            self.redactor.text(incoming.path),
            self.redactor.text(model_in(incoming.body)),
            Body.of(incoming.body, self.settings.journal_body, self.redactor),
            head.status,
            "refused",
            hint=self.redactor.text(answer.hint),
            refusal=answer.name,
            quota=answer.quota,
        )
        return AnswerDraft(exchange, Delivery((head, chunk)), 0, now, failure)
