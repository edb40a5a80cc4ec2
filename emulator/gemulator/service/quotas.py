"""Request, token and concurrency quotas."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from gemulator.core.count import MAX_COUNT
from gemulator.core.duration import Duration
from gemulator.request.target import Target

_MINUTE = 60.0
_QUOTAS = {
    "requests": "requests_per_minute",
    "tokens": "tokens_per_minute",
    "streams": "concurrent",
    "provisioned": "provisioned_tokens_per_minute",
}
_MAX_STREAM = 3_600.0  # seconds; a stream of a crashed server stops counting after that


class Charge(Struct, frozen=True):
    """Amount to add to a session's meter, unless it would exceed `limit`.

    A meter resets to zero `seconds` after its first charge, or after its last one if `renew` is set.
    """

    key: str
    amount: int
    limit: int | None = None
    seconds: float = _MINUTE
    renew: bool = False

    @property
    def quota(self) -> str:
        """Return the name of the quota that the meter is for."""
        return _QUOTAS[self.key.partition(" ")[0]]


class Quota(BaseModel):
    """Per-minute and concurrency limits; omitted limits are unlimited."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    requests_per_minute: Annotated[int | None, Field(ge=0, le=MAX_COUNT, description="Answered requests.")] = None
    tokens_per_minute: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_COUNT,
            description="Tokens of prompts and answers; the request that exceeds the limit is still answered.",
        ),
    ] = None
    concurrent: Annotated[int | None, Field(ge=0, le=MAX_COUNT, description="Concurrent answers.")] = None
    provisioned_tokens_per_minute: Annotated[
        int | None,
        Field(ge=0, le=MAX_COUNT, description="Provisioned throughput; requests beyond it use on-demand throughput."),
    ] = None
    per: Annotated[
        Literal["model", "project", "session"], Field(description="Scope of each quota within a session.")
    ] = "model"
    retry_after: Annotated[
        Duration | None,
        Field(description="Value of the `retry-after` header. Not sent by default, as at the real service."),
    ] = None

    def admission(self, target: Target, model: str) -> Sequence[Charge]:
        """Return the charges of a request before it is answered."""
        owner = self._owner(target, model)
        charges = (
            Charge(f"requests {owner}", 1, self.requests_per_minute),
            Charge(f"tokens {owner}", 0, self.tokens_per_minute),
            self._stream(owner, 1),
        )
        return [charge for charge in charges if charge.limit is not None]

    def release(self, target: Target, model: str) -> Sequence[Charge]:
        """Return the charges that release a finished answer's slot."""
        return [self._stream(self._owner(target, model), -1)] if self.concurrent is not None else []

    def reserve(self, target: Target, model: str) -> Sequence[Charge]:
        """Return the charges that test for provisioned throughput; empty if none is configured."""
        limit = self.provisioned_tokens_per_minute
        return [Charge(f"provisioned {self._owner(target, model)}", 0, limit)] if limit is not None else []

    def settlement(self, target: Target, model: str, tokens: int, *, provisioned: bool) -> Sequence[Charge]:
        """Return the charges for the tokens of an answer; no limit applies to them."""
        owner = self._owner(target, model)
        if provisioned:
            return [Charge(f"provisioned {owner}", tokens)]
        return [Charge(f"tokens {owner}", tokens)] if self.tokens_per_minute is not None else []

    def _stream(self, owner: str, amount: int) -> Charge:
        limit = self.concurrent if amount > 0 else None
        return Charge(f"streams {owner}", amount, limit, _MAX_STREAM, renew=True)

    def _owner(self, target: Target, model: str) -> str:
        """Return the part of the meter keys that names the quota's owner."""
        return {"session": "", "project": target.project, "model": f"{target.project} {model}"}[self.per]


UNLIMITED = Quota.model_construct()


def apply_charges(
    meters: Mapping[str, tuple[int, float]], charges: Sequence[Charge], now: float
) -> Mapping[str, tuple[int, float]] | int:
    """Return the meters after all charges, each a count and its end time, or the index of a refused charge.

    A charge of 0 is refused if a charge of 1 would be.
    """
    after: dict[str, tuple[int, float]] = {}
    for index, charge in enumerate(charges):
        count, end = meters.get(charge.key, (0, 0.0))
        if end <= now:
            count, end = 0, now + charge.seconds
        if charge.limit is not None and count + max(charge.amount, 1) > charge.limit:
            return index
        after[charge.key] = (max(0, count + charge.amount), now + charge.seconds if charge.renew else end)
    return after
