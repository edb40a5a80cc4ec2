"""What a request costs, and when the meters say no."""

import asyncio

import pytest

from gemulator.core.plan import Failure, Usage
from gemulator.engine.admission import Admission, QuotaAdmission
from gemulator.request.target import Target
from gemulator.scenario.delivery_fields import parse_quota
from gemulator.service.quotas import Charge, Quota
from gemulator.state.memory import MemoryStore
from gemulator.state.store import Store, StoreLimits
from tests.endpoint import Endpoint
from tests.stores import AGE, Kind
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

TARGET = Target("v1", "p", "global", "openapi")
MODEL = "google/gemini-3.5-flash"


async def test_charges_are_all_made_or_none(store: Store) -> None:
    assert await store.charge("s", [Charge("a", 1, 2), Charge("b", 1, 1)]) is None
    assert await store.charge("s", [Charge("a", 1, 2), Charge("b", 1, 1)]) == 1
    assert await store.charge("s", [Charge("a", 1, 2)]) is None, "the refused charge did not count for a"
    assert await store.charge("s", [Charge("a", 1, 2)]) == 0
    assert await store.charge("t", [Charge("a", 1, 1)]) is None, "each session has meters of its own"


async def test_a_charge_of_nothing_asks_whether_there_is_room(store: Store) -> None:
    assert await store.charge("s", [Charge("tokens", 0, 10)]) is None
    assert await store.charge("s", [Charge("tokens", 25)]) is None
    assert await store.charge("s", [Charge("tokens", 0, 10)]) == 0


async def test_a_meter_ends_with_its_window(kind: Kind) -> None:
    store = kind.make()
    for renew in (False, True):
        short, long = [Charge(f"{window} renew {renew}", 1, 1, window, renew) for window in (AGE, PATIENCE)]
        for charge, refused in ((short, None), (long, None), (long, 0)):
            assert await store.charge("default", [charge]) == refused
        await kind.wait()
        assert await store.charge("default", [short]) is None
        assert await store.charge("default", [long]) == 0


async def test_what_is_given_back_can_be_lent_again(store: Store) -> None:
    lend, back = Charge("streams", 1, 1, 60, renew=True), Charge("streams", -1, None, 60, renew=True)
    assert [await store.charge("s", [charge]) for charge in (lend, lend, back, back, lend)] == [
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
    assert await store.charge("s", [Charge("0", 1, 1)]) is None, "forgotten: a client may name any number of models"


async def test_concurrent_charges_are_exact(store: Store) -> None:
    spent = await asyncio.gather(*(store.charge("s", [Charge("a", 1, 20)]) for _ in range(60)))
    assert spent.count(None) == 20


async def test_a_reset_empties_the_meters(store: Store) -> None:
    await store.charge("s", [Charge("a", 1, 1)])
    await store.reset("s")
    assert await store.charge("s", [Charge("a", 1, 1)]) is None


# ---- the gate


async def admitted(
    gate: QuotaAdmission, line: str, project: str = "p", model: str = MODEL, **headers: str
) -> Admission | Failure:
    target = Target("v1", project, "global", "openapi")
    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await gate.admit("s", parse_quota(line), target, model, raw)


@pytest.mark.parametrize(
    ("per", "others"),
    [("model", [True, True]), ("project", [False, True]), ("session", [False, False])],
)
async def test_whose_quota_it_is(per: str, others: list[bool]) -> None:
    gate = QuotaAdmission(MemoryStore())
    line = f"requests_per_minute: 1, per: {per}"
    assert isinstance(await admitted(gate, line), Admission)
    assert isinstance(await admitted(gate, line), Failure)
    seen = [await admitted(gate, line, model="google/other"), await admitted(gate, line, project="q")]
    assert [isinstance(one, Admission) for one in seen] == others


async def test_the_refusal_is_google_s() -> None:
    refusal = await admitted(QuotaAdmission(MemoryStore()), "requests_per_minute: 0")
    assert isinstance(refusal, Failure)
    assert (refusal.status, refusal.code, refusal.retry_after) == (429, "RESOURCE_EXHAUSTED", None)
    assert refusal.message.startswith("Resource exhausted. Please try again later.")
    told = await admitted(QuotaAdmission(MemoryStore()), "requests_per_minute: 0, retry_after: 7s")
    assert isinstance(told, Failure)
    assert told.retry_after == 7


async def test_tokens_count_when_they_are_known() -> None:
    gate = QuotaAdmission(MemoryStore())
    for _ in range(2):
        one = await admitted(gate, "tokens_per_minute: 100")
        assert isinstance(one, Admission)
        await gate.settle("s", one, Usage(30, 20, 10))
    assert isinstance(await admitted(gate, "tokens_per_minute: 100"), Failure)


async def test_streams_at_once() -> None:
    gate = QuotaAdmission(MemoryStore())
    one = await admitted(gate, "concurrent: 1")
    assert isinstance(one, Admission)
    assert isinstance(await admitted(gate, "concurrent: 1"), Failure)
    await gate.release("s", one.leases)
    assert isinstance(await admitted(gate, "concurrent: 1"), Admission)


async def test_provisioned_throughput_spills_over() -> None:
    gate, line = QuotaAdmission(MemoryStore()), "provisioned_tokens_per_minute: 50"
    first = await admitted(gate, line)
    assert isinstance(first, Admission)
    assert first.provisioned
    assert first.headers({})[b"x-vertex-ai-llm-request-type"] == b"dedicated"
    await gate.settle("s", first, Usage(30, 20))
    second = await admitted(gate, line)
    assert isinstance(second, Admission)
    assert not second.provisioned
    assert isinstance(await admitted(gate, line, x_vertex_ai_llm_request_type="dedicated"), Failure)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("requests: 1", "requests: unknown key"),
        ("requests_per_minute: -1", "out of range: at least 0"),
        ("per: planet", "'model', 'project' or 'session'"),
        ("retry_after: 3", "needs a unit"),
        ("oops", "oops"),
    ],
)
def test_what_is_proxy_error(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_quota(line)


def test_none_is_no_limit() -> None:
    assert parse_quota("none") == Quota()


@pytest.mark.parametrize("step", ["claim", "append"])
def test_an_answer_that_fails_gives_back_what_was_lent(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("our own mistake")

    endpoint = Endpoint(quota="concurrent: 1")
    with monkeypatch.context() as broken:
        broken.setattr(endpoint.engine.store, step, fail)
        with pytest.raises(RuntimeError):
            endpoint.ask()
    assert endpoint.ask().status == 200
    assert endpoint.ask().status == 429, "no one has noted the end of the answer before"
