"""Requests that an upstream answers."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.budget import Budget
from gemulator.core.credentials import Redactor
from gemulator.core.plan import Failure, own_failure
from gemulator.core.settings import Settings
from gemulator.delivery.live_steps import LiveSteps
from gemulator.delivery.steps import Chunk, Delivery, Head
from gemulator.dialects import FRONT_END, refusal
from gemulator.engine.answer import AnswerBuilder
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.planning.script import forward_reply, root_seed
from gemulator.engine.prepare import PreparedRequest, RequestPreparer
from gemulator.engine.rendering import RenderOptions
from gemulator.engine.response_headers import add_emulator_headers, session_header
from gemulator.engine.result import AdmittedRequest, AnswerDraft
from gemulator.request.conversation import Conversation
from gemulator.scenario.replies import ForwardReply
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.catalog import Model
from gemulator.state.journal.answers import redact_delivery
from gemulator.state.journal.body import Body, truncate_delivery
from gemulator.state.journal.entry import Exchange, Source
from gemulator.state.store import Claim

_DEFAULT = ForwardReply(forward=True)
_CAUSE = "the turn forwards the request, but this server has no upstream"
_REMEDY = "start the server with --upstream, or remove `forward` from the scenario"
_NO_UPSTREAM = f"{_CAUSE}: {_REMEDY}."


class ForwardRequest(Struct, frozen=True):
    """A request for an upstream. `turn` is the one that forwards it, or `forwarded`; `upstream_model` that of the turn.

    `session` is named in the head if it is not empty. `seal` returns an answer as the journal stores it.
    """

    incoming: IncomingRequest
    conversation: Conversation
    model: Model
    options: RenderOptions
    attempt: int
    turn: str
    upstream_model: str | None
    session: str
    seal: Callable[[Delivery], Delivery]

    def head(self, head: Head, *, error: str = "", hint: str = "") -> Head:
        """Return the head with the headers of gemulator, unless they are off."""
        if not self.session:
            return head
        marked = add_emulator_headers(head, turn=self.turn, error=error, hint=hint)
        return Head(marked.status, (*marked.headers, session_header(self.session)))

    def refuse(self, failure: Failure) -> tuple[Head, Chunk]:
        """Return head and body of a refusal of gemulator."""
        head, chunk = refusal(FRONT_END, failure, self.conversation.target)
        return self.head(head, error="upstream", hint=failure.hint), chunk


class Forwarder(Protocol):
    """Client of the upstream. `source` is that of its answers in the journal."""

    source: Source

    def answer(self, request: ForwardRequest) -> LiveSteps | Failure:
        """Return the answer as it will come, or a refusal of gemulator."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Forwarding:
    """Choice of the requests that are forwarded. `client` is None without an upstream."""

    def __init__(
        self, settings: Settings, builder: AnswerBuilder, preparation: RequestPreparer, redactor: Redactor
    ) -> None:
        self.client: Forwarder | None = None
        self._settings = settings
        self._builder = builder
        self._preparation = preparation
        self._redactor = redactor

    def reply(self, admitted: AdmittedRequest, prepared: PreparedRequest, claim: Claim) -> ForwardReply | None:
        """Return the reply of the upstream, None if the answer is gemulator's."""
        if claim.index is None:
            return None
        located = prepared.candidates[claim.index]
        if located is None:
            return _DEFAULT if self._preparation.unmatched(admitted.overlay) == "forward" else None
        if not located.turn.may_forward:
            return None
        seed = prepared.caller.settings.seed or self._settings.seed
        return forward_reply(located.turn, root_seed(seed, located, prepared.conversation))

    def draft(
        self, admitted: AdmittedRequest, prepared: PreparedRequest, claim: Claim, reply: ForwardReply, *, dry: bool
    ) -> AnswerDraft:
        """Return the answer of the upstream, which is asked when it is sent; a dry run asks nobody."""
        located = prepared.candidates[claim.index or 0]
        exchange = self._exchange(admitted.incoming, prepared, located)
        if dry:
            return AnswerDraft(exchange, Delivery(()), claim.attempt, admitted.at, None)
        request = ForwardRequest(
            admitted.incoming,
            prepared.conversation,
            prepared.model,
            self._builder.options(prepared, located, Budget(), admitted.at, is_repeat=False),
            0 if self._settings.ids == "stable" else claim.attempt,
            str(located or "forwarded"),
            reply.model,
            admitted.incoming.caller.session if self._settings.emulator_headers else "",
            self._seal,
        )
        answer = own_failure(_NO_UPSTREAM, _CAUSE, _REMEDY) if self.client is None else self.client.answer(request)
        if isinstance(answer, LiveSteps):
            return AnswerDraft(exchange, Delivery(answer), claim.attempt, admitted.at, None)
        exchange = replace(exchange, status=answer.status, hint=answer.hint)
        return AnswerDraft(exchange, Delivery(request.refuse(answer)), claim.attempt, admitted.at, answer)

    def _exchange(self, incoming: IncomingRequest, prepared: PreparedRequest, located: LocatedTurn | None) -> Exchange:
        request, redact = prepared.conversation.request, self._redactor.text
        suspect = prepared.conversation.parsed.suspect
        return Exchange(
            "POST",
            redact(incoming.path),
            redact(request.model),
            Body.of(incoming.body, self._settings.journal_body, self._redactor, suspect=suspect),
            0,
            "forwarded" if self.client is None else self.client.source,
            bool(request.stream),
            located.scenario.name if located else "",
            located.number if located else 0,
            tolerated=[*map(redact, prepared.tolerated)],
        )

    def _seal(self, delivery: Delivery) -> Delivery:
        """Return an answer as the journal stores it, with its size."""
        stored, size = truncate_delivery(redact_delivery(delivery, self._redactor), self._settings.journal_body)
        return replace(stored, size=size, cut=stored.cut or delivery.cut)
