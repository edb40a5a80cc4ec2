"""The story of one request: choose a turn, plan the answer, render it in a dialect, schedule its delivery."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from emulator.catalog import Catalog, Model
from emulator.conversation import Conversation
from emulator.delivery import Delivery, Head
from emulator.dialects import DIALECTS, FRONT_END, Style
from emulator.errors import RequestError, Unmatched
from emulator.journal import Received
from emulator.pacing import AT_ONCE
from emulator.plan import Failure
from emulator.rendering import Manner, Rendering, render
from emulator.request import Caller, Target, parse
from emulator.scenario.improvised import Improvised
from emulator.scenario.library import Library, Place
from emulator.scenario.planning import Script
from emulator.scenario.replies import parts_of
from emulator.seed import Seed, sign
from emulator.settings import Clock, Settings, speed_of
from emulator.stores.store import Limit, Store

# What decides an answer beside path and body.
_DECIDING = (b"x-emulator-seed", b"x-emulator-scenario", b"x-emulator-wire", b"x-emulator-speed")
_PREPARED = 512  # requests that are kept ready
_LARGEST = 256_000  # bytes of a request that is kept ready

_IMPROVISED = Script((Improvised(),))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: body, path, and headers by lower-case name."""

    body: bytes
    path: str
    target: Target
    headers: Mapping[bytes, bytes]
    caller: Caller


@dataclass(frozen=True, slots=True)
class Answered:
    """What to deliver, and what the journal says of it."""

    delivery: Delivery
    received: Received


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that was read and matched: the places that may answer, with their limits.

    None among the places stands for the invented answer. `renderings` fills as places answer.
    """

    conversation: Conversation
    card: Model
    caller: Caller
    places: Sequence[Place | None]
    limits: Sequence[Limit]
    renderings: dict[int | None, tuple[Rendering, Received]] = field(default_factory=dict)


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
        self._cache: OrderedDict[_Key, Prepared] = OrderedDict()

    async def answer(self, asked: Asked) -> Answered:
        """The steps to play for a request; the journal has its entry when this returns."""
        now = self.clock()
        session = asked.caller.session
        try:
            prepared = self._prepared(asked)
        except RequestError as error:
            delivery, received = self._refuse(asked, error.failure)
            attempt = 0
        else:
            fingerprint = prepared.conversation.fingerprint
            claim = await self.store.claim(session, fingerprint, prepared.limits)
            rendering, received = self._rendering(prepared, claim.index, asked, now)
            attempt = 0 if self.settings.ids == "stable" else claim.attempt
            delivery = rendering.deliver(attempt, int(now))
        received = replace(received, at=now, session=session, attempt=attempt)
        await self.store.append(received)
        return Answered(delivery, received)

    # ---- choose

    def _prepared(self, asked: Asked) -> Prepared:
        key = (asked.body, asked.path, asked.target.host, *map(asked.headers.get, _DECIDING), id(self.library))
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        prepared = self._prepare(asked)
        if len(asked.body) < _LARGEST:
            self._cache[key] = prepared
            if len(self._cache) > _PREPARED:
                self._cache.popitem(last=False)
        return prepared

    def _prepare(self, asked: Asked) -> Prepared:
        request, body = parse(asked.body)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in asked.headers.items()}
        conversation = Conversation(request, body, asked.target, headers)
        card = self.catalog.card(request.model, asked.target)
        if isinstance(card, Failure):
            raise RequestError(card)
        places: list[Place | None] = list(_until_endless(self.library.fitting(conversation, asked.caller.scenario)))
        endless = bool(places) and places[-1] is not None and places[-1].turn.times is None
        if self.settings.unmatched == "generate" and not endless:
            places.append(None)
        limits = [Limit(place.turn.content, place.turn.times) if place else Limit(b"", None) for place in places]
        return Prepared(conversation, card, asked.caller, places, limits)

    # ---- plan and render

    def _rendering(self, prepared: Prepared, index: int | None, asked: Asked, now: float) -> tuple[Rendering, Received]:
        found = prepared.renderings.get(index)
        if found is None:
            found = prepared.renderings[index] = self._render(prepared, index, asked, now)
        return found

    def _render(self, prepared: Prepared, index: int | None, asked: Asked, now: float) -> tuple[Rendering, Received]:
        place = None if index is None else prepared.places[index]
        unmatched = self._unmatched(prepared) if place is None else None
        script = _script(place) if index is not None else _no_turn(unmatched)
        manner = self._manner(prepared, place)
        rendering = render(script, prepared.conversation, prepared.card, manner, now)
        head = _marked(rendering.head, place, index)
        received = Received(
            at=now,
            session="",
            method="POST",
            path=asked.path,
            model=prepared.conversation.request.model,
            body=asked.body,
            status=head.status,
            stream=bool(prepared.conversation.request.stream),
            scenario=place.scenario.name if place else "",
            turn=place.number if place else 0,
            nearest=tuple(unmatched.nearest) if unmatched else (),
        )
        return replace(rendering, head=head), received

    def _unmatched(self, prepared: Prepared) -> Unmatched:
        return Unmatched(self.library.nearest(prepared.conversation, prepared.caller.scenario))

    def _manner(self, prepared: Prepared, place: Place | None) -> Manner:
        caller, settings = prepared.caller, self.settings
        scenario = place.scenario if place else None
        realistic, speed = speed_of(caller.speed or settings.speed)
        written = (place.turn.pacing or place.scenario.pacing) if place else None
        usual = prepared.card.pace if realistic else AT_ONCE
        wire = caller.wire or (scenario.wire if scenario else None) or settings.wire
        cut = (written.tokens_per_chunk if written else None) or prepared.card.tokens_per_chunk
        name, content = (scenario.name, place.turn.content) if scenario and place else ("", b"")
        root = Seed.root(caller.seed or settings.seed, name, content, prepared.conversation.fingerprint)
        schedule = Schedule(written.pacing if written else usual, speed)
        return Manner(root, Style(wire == "sdk-safe", cut, root), schedule, self._sign)

    def _sign(self, name: str, seed: Seed) -> str:
        return sign(self._signing, name, seed)

    def _refuse(self, asked: Asked, failure: Failure) -> tuple[Delivery, Received]:
        """The answer to a request that could not be read, or names no model."""
        card = self.catalog.card("", asked.target)
        if isinstance(card, Model):
            head, chunk = DIALECTS[card.dialect](card.voice).failure(failure, asked.target)
        else:
            # Google's front end looks for the endpoint before anyone reads the body.
            failure = failure if asked.target.shared else card
            head, chunk = FRONT_END.failure(failure, asked.target)
        received = Received(0.0, "", "POST", asked.path, "", asked.body, failure.status)
        return Delivery((head, chunk)), received


def _until_endless(places: Iterable[Place]) -> Iterable[Place]:
    """The places up to the first that may answer for ever: none after it is ever reached."""
    for place in places:
        yield place
        if place.turn.times is None:
            return


def _script(place: Place | None) -> Script | Failure:
    if place is None:
        return _IMPROVISED
    turn = place.turn
    if turn.error is not None:
        return turn.error.failure()
    return Script(parts_of(turn.reply), turn.id, turn.created, turn.finish, turn.usage)


def _no_turn(unmatched: Unmatched | None) -> Failure:
    # 400, not 5xx: the OpenAI clients would ask again.
    return Failure(400, "FAILED_PRECONDITION", f"gemulator: {unmatched}")


def _marked(head: Head, place: Place | None, index: int | None) -> Head:
    """The head with what gemulator says of its choice."""
    if index is None:
        return replace(head, headers=(*head.headers, (b"x-emulator-error", b"unmatched")))
    where = str(place) if place else "generated"
    return replace(head, headers=(*head.headers, (b"x-emulator-turn", where.encode("ascii", "replace"))))
