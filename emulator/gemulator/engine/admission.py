"""Quota admission and token charges."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Failure, Usage
from gemulator.request.target import Target
from gemulator.service.quotas import Charge, Quota
from gemulator.service.refusals import refuse
from gemulator.state.store import Store

_REQUEST_TYPE = b"x-vertex-ai-llm-request-type"


class Admission(Struct, frozen=True):
    """An admitted request: the quota that it is charged to. `provisioned`: it uses provisioned throughput."""

    quota: Quota
    target: Target
    model: str
    provisioned: bool = False

    @property
    def leases(self) -> Sequence[Charge]:
        """Return the charges to release when the answer has ended."""
        return self.quota.release(self.target, self.model)

    def headers(self, headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """Return the request's headers; provisioned throughput is marked as a client would request it."""
        return {**headers, _REQUEST_TYPE: b"dedicated"} if self.provisioned else headers


class QuotaAdmission:
    """Charges requests to the meters of their session."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def admit(
        self, session: str, quota: Quota, target: Target, model: str, headers: Mapping[bytes, bytes]
    ) -> Admission | Failure:
        """Charge a request; return its admission, or Google's refusal if the quota is exhausted.

        Provisioned throughput is used first. Requests beyond it are on demand unless the client requires `dedicated`.
        """
        request_type = headers.get(_REQUEST_TYPE, b"").lower()
        reserve = quota.reserve(target, model) if request_type != b"shared" else ()
        provisioned = bool(reserve) and await self._store.charge(session, reserve) is None
        if reserve and not provisioned and request_type == b"dedicated":
            return _exhausted(quota, reserve[0])
        charges = [charge for charge in quota.admission(target, model) if not (provisioned and charge.amount == 0)]
        refused = await self._store.charge(session, charges) if charges else None
        if refused is not None:
            return _exhausted(quota, charges[refused])
        return Admission(quota, target, model, provisioned)

    async def settle(self, session: str, admission: Admission, usage: Usage | None) -> None:
        """Charge the tokens of an answer."""
        if usage is not None:
            tokens = usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens
            quota, provisioned = admission.quota, admission.provisioned
            charges = quota.settlement(admission.target, admission.model, tokens, provisioned=provisioned)
            if charges:
                await self._store.charge(session, charges)

    async def release(self, session: str, leases: Sequence[Charge]) -> None:
        """Release the leases of an answer that has ended."""
        await self._store.charge(session, leases)


def _exhausted(quota: Quota, charge: Charge) -> Failure:
    return replace(refuse("exhausted"), retry_after=quota.retry_after, quota=charge.quota)
