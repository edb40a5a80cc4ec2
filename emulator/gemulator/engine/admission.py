"""Whether a quota lets a request pass, and what it is charged."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Failure, Usage
from gemulator.request.target import Target
from gemulator.service.quotas import Charge, Quota
from gemulator.service.refusals import refuse
from gemulator.state.store import Store

_TRAFFIC = b"x-vertex-ai-llm-request-type"


class Admission(Struct, frozen=True):
    """A request that was let in: whose quota it uses, and whether it uses provisioned throughput."""

    quota: Quota
    target: Target
    model: str
    provisioned: bool = False

    @property
    def leases(self) -> Sequence[Charge]:
        """What is to be given back when the answer is over."""
        return self.quota.release(self.target, self.model)

    def headers(self, headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """The request's headers: provisioned throughput is said there, as a client would ask for it."""
        return {**headers, _TRAFFIC: b"dedicated"} if self.provisioned else headers


class QuotaAdmission:
    """Charges requests to the meters of their session."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def admit(
        self, session: str, quota: Quota, target: Target, model: str, headers: Mapping[bytes, bytes]
    ) -> Admission | Failure:
        """Let a request in, or refuse it in Google's words.

        Provisioned throughput comes first; what is beyond it is on demand, unless the client says `dedicated`.
        """
        wanted = headers.get(_TRAFFIC, b"").lower()
        reserve = quota.reserve(target, model) if wanted != b"shared" else ()
        provisioned = bool(reserve) and await self._store.charge(session, reserve) is None
        if reserve and not provisioned and wanted == b"dedicated":
            return _exhausted(quota)
        charges = [charge for charge in quota.admission(target, model) if not (provisioned and charge.amount == 0)]
        if charges and await self._store.charge(session, charges) is not None:
            return _exhausted(quota)
        return Admission(quota, target, model, provisioned)

    async def settle(self, session: str, admitted: Admission, usage: Usage | None) -> None:
        """Charge the tokens of an answer."""
        if usage is not None:
            tokens = usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens
            quota, provisioned = admitted.quota, admitted.provisioned
            charges = quota.settlement(admitted.target, admitted.model, tokens, provisioned=provisioned)
            if charges:
                await self._store.charge(session, charges)

    async def release(self, session: str, leases: Sequence[Charge]) -> None:
        """Give back what was lent."""
        await self._store.charge(session, leases)


def _exhausted(quota: Quota) -> Failure:
    return replace(refuse("exhausted"), retry_after=quota.retry_after)
