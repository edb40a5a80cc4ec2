"""Tests of quota admission and charges."""

import asyncio

import pytest

from gemulator.core.plan import Failure, Usage
from gemulator.engine.admission import Admission, QuotaAdmission
from gemulator.request.target import Target
from gemulator.scenario.delivery_fields import quota_in
from gemulator.service.quotas import Charge, Quota
from gemulator.state.memory import MemoryStore
from gemulator.state.store import Store, StoreLimits
from tests.endpoint import Endpoint
from tests.stores import Kind

TARGET = Target("v1", "p", "global", "openapi")
MODEL = "google/gemini-3.5-flash"


async def test_charges_are_all_made_or_none(store: Store) -> None:
    assert await store.charge("s", [Charge("a", 1, 2), Charge("b", 1, 1)]) is None
    assert await store.charge("s", [Charge("a", 1, 2), Charge("b", 1, 1)]) == 1
    assert await store.charge("s", [Charge("a", 1, 2)]) is None, "the refused charge did not count for a"
    assert await store.charge("s", [Charge("a", 1, 2)]) == 0
    assert await store.charge("t", [Charge("a", 1, 1)]) is None, "each session has meters of its own"


async def test_a_zero_charge_is_refused_if_the_meter_is_full(store: Store) -> None:
    assert await store.charge("s", [Charge("tokens", 0, 10)]) is None
    assert await store.charge("s", [Charge("tokens", 25)]) is None
    assert await store.charge("s", [Charge("tokens", 0, 10)]) == 0


async def test_a_meter_is_reset_after_its_window(kind: Kind) -> None:
    store = kind.make()
    window = 0.15
    for renew in (False, True):
        key = f"renew {renew}"
        assert await store.charge("default", [Charge(key, 1, 1, window, renew)]) is None
        assert await store.charge("default", [Charge(key, 1, 1, window, renew)]) == 0
        await kind.wait()
        assert await store.charge("default", [Charge(key, 1, 1, window, renew)]) is None


async def test_a_released_lease_can_be_taken_again(store: Store) -> None:
    take, release = Charge("streams", 1, 1, 60, renew=True), Charge("streams", -1, None, 60, renew=True)
    assert [await store.charge("s", [charge]) for charge in (take, take, release, release, take)] == [
        None,
        0,
        None,
        None,
        None,
    ]


async def test_meters_are_bounded(kind: Kind) -> None:
    store = kind.make(StoreLimits(repeats=10))
    for number in range(50):
        assert await store.charge("s", [Charge("often", 1, 100), Charge(str(number), 1, 1)]) is None
    assert await store.charge("s", [Charge("often", 1, 50)]) == 0
    assert await store.charge("s", [Charge("49", 1, 1)]) == 0
    assert await store.charge("s", [Charge("0", 1, 1)]) is None, "evicted: clients may name any number of models"


async def test_concurrent_charges_are_exact(store: Store) -> None:
    refused = await asyncio.gather(*(store.charge("s", [Charge("a", 1, 20)]) for _ in range(60)))
    assert refused.count(None) == 20


async def test_a_reset_empties_the_meters(store: Store) -> None:
    await store.charge("s", [Charge("a", 1, 1)])
    await store.reset("s")
    assert await store.charge("s", [Charge("a", 1, 1)]) is None


# ---- admission


async def admit(
    admission: QuotaAdmission, line: str, project: str = "p", model: str = MODEL, **headers: str
) -> Admission | Failure:
    target = Target("v1", project, "global", "openapi")
    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await admission.admit("s", quota_in(line), target, model, raw)


@pytest.mark.parametrize(
    ("per", "others"),
    [("model", [True, True]), ("project", [False, True]), ("session", [False, False])],
)
async def test_the_owner_of_a_quota(per: str, others: list[bool]) -> None:
    admission = QuotaAdmission(MemoryStore())
    line = f"requests_per_minute: 1, per: {per}"
    assert isinstance(await admit(admission, line), Admission)
    assert isinstance(await admit(admission, line), Failure)
    seen = [await admit(admission, line, model="google/other"), await admit(admission, line, project="q")]
    assert [isinstance(one, Admission) for one in seen] == others


async def test_the_refusal_is_googles() -> None:
    refusal = await admit(QuotaAdmission(MemoryStore()), "requests_per_minute: 0")
    assert isinstance(refusal, Failure)
    assert (refusal.status, refusal.code, refusal.retry_after) == (429, "RESOURCE_EXHAUSTED", None)
    assert refusal.message.startswith("Resource exhausted. Please try again later.")
    limited = await admit(QuotaAdmission(MemoryStore()), "requests_per_minute: 0, retry_after: 7s")
    assert isinstance(limited, Failure)
    assert limited.retry_after == 7


async def test_tokens_are_charged_after_the_answer() -> None:
    admission = QuotaAdmission(MemoryStore())
    for _ in range(2):
        one = await admit(admission, "tokens_per_minute: 100")
        assert isinstance(one, Admission)
        await admission.settle("s", one, Usage(30, 20, 10))
    assert isinstance(await admit(admission, "tokens_per_minute: 100"), Failure)


async def test_concurrent_streams() -> None:
    admission = QuotaAdmission(MemoryStore())
    one = await admit(admission, "concurrent: 1")
    assert isinstance(one, Admission)
    assert isinstance(await admit(admission, "concurrent: 1"), Failure)
    await admission.release("s", one.leases)
    assert isinstance(await admit(admission, "concurrent: 1"), Admission)


async def test_provisioned_throughput_spills_over() -> None:
    admission, line = QuotaAdmission(MemoryStore()), "provisioned_tokens_per_minute: 50"
    first = await admit(admission, line)
    assert isinstance(first, Admission)
    assert first.provisioned
    assert first.headers({})[b"x-vertex-ai-llm-request-type"] == b"dedicated"
    await admission.settle("s", first, Usage(30, 20))
    second = await admit(admission, line)
    assert isinstance(second, Admission)
    assert not second.provisioned
    assert isinstance(await admit(admission, line, x_vertex_ai_llm_request_type="dedicated"), Failure)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("requests: 1", "requests: unknown key"),
        ("requests_per_minute: -1", "greater than or equal to 0"),
        ("per: planet", "'model', 'project' or 'session'"),
        ("retry_after: 3", "needs a unit"),
        ("oops", "oops"),
    ],
)
def test_an_invalid_quota_is_refused(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quota_in(line)


def test_none_is_unlimited() -> None:
    assert quota_in("none") == Quota()


@pytest.mark.parametrize("step", ["claim", "append"])
def test_an_answer_that_fails_releases_its_leases(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("bug")

    endpoint = Endpoint(quota="concurrent: 1")
    with monkeypatch.context() as broken:
        broken.setattr(endpoint.engine.store, step, fail)
        with pytest.raises(RuntimeError):
            endpoint.ask()
    assert endpoint.ask().status == 200
    assert endpoint.ask().status == 429, "the answer before has not ended"
