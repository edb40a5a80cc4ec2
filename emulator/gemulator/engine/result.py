"""Stages of an answer: admitted request, draft, result."""

from collections.abc import Sequence

from msgspec import Struct

from gemulator.core.plan import Answer
from gemulator.delivery.steps import Delivery
from gemulator.engine.admission import Admission
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.prepare import PreparedRequest
from gemulator.service.quotas import Charge
from gemulator.state.journal.entry import Exchange, Received
from gemulator.state.store import SessionOverlay


class EngineResult(Struct, frozen=True, gc=False):
    """A delivery and its journal entry; `number` is 0 if it is not journaled.

    `leases` are to be released when the answer has ended.
    """

    delivery: Delivery
    received: Received
    number: int
    leases: Sequence[Charge] = ()


class AdmittedRequest(Struct, gc=False):
    """A prepared request that its quota admits. `admission` is None without a quota, `at` is in Unix seconds."""

    incoming: IncomingRequest
    prepared: PreparedRequest
    overlay: SessionOverlay
    at: float
    admission: Admission | None = None


class AnswerDraft(Struct, frozen=True, gc=False):
    """An answer before it is journaled. `at` is in Unix seconds."""

    exchange: Exchange
    delivery: Delivery
    attempt: int
    at: float
    answer: Answer | None
