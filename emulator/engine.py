"""The story of one request: choose a turn, plan the answer, render it in a dialect, schedule its delivery."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from emulator.catalog import Catalog, Model
from emulator.conversation import Conversation
from emulator.delivery import Delivery
from emulator.dialects import DIALECTS, FRONT_END, Style
from emulator.errors import ReplyError, RequestError, Unmatched
from emulator.explanation import Explanation
from emulator.journal import Received
from emulator.pacing import AT_ONCE
from emulator.plan import Failure
from emulator.rendering import Manner, Rendering, render
from emulator.request import Caller, Target, parse
from emulator.scenario.improvised import Improvised
from emulator.scenario.library import Library
from emulator.scenario.planning import Script
from emulator.scenario.scripting import script_of
from emulator.scenario.shelf import Place
from emulator.seed import Seed, sign
from emulator.settings import Clock, Settings, speed_of
from emulator.stores.store import Limit, Store

# What decides an answer beside path and body, and the headers that scenarios read.
_DECIDING = (b"x-emulator-seed", b"x-emulator-scenario", b"x-emulator-wire", b"x-emulator-speed")
_PREPARED = 512  # requests that are kept ready
_LARGEST = 256_000  # bytes of a request that is kept ready

_EXPLAINED = 1000  # turns of which it is said why they were not chosen

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

    async def explain(self, asked: Asked) -> Explanation:
        """Why a request gets the answer that it would get now. Nothing is counted, nothing is kept."""
        now = self.clock()
        try:
            prepared = self._prepare(asked)
        except RequestError as error:
            return Explanation("", "", (), (), error.failure, self._refuse(asked, error.failure)[0])
        conversation, only = prepared.conversation, asked.caller.scenario
        claim = await self.store.claim(asked.caller.session, conversation.fingerprint, prepared.limits, dry=True)
        rendering, _ = self._render(prepared, claim.index, asked, now)
        place = None if claim.index is None else prepared.places[claim.index]
        chosen = str(place) if place else "an invented answer" if claim.index is not None else ""
        fitting = [str(other) for other in self.library.fitting(conversation, only)]
        behind = [where for where in fitting if where != chosen]
        attempt = 0 if self.settings.ids == "stable" else claim.attempt
        others = self.library.nearest(conversation, only, most=_EXPLAINED)
        delivery = rendering.deliver(attempt, int(now))
        return Explanation(chosen, place.where if place else "no turn fits", behind, others, rendering.answer, delivery)

    # ---- choose

    def _prepared(self, asked: Asked) -> Prepared:
        said = (*map(asked.headers.get, _DECIDING), *self._read(asked.headers))
        key = (asked.body, asked.path, asked.target.host, *said, id(self.library))
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

    def _read(self, headers: Mapping[bytes, bytes]) -> Iterable[object]:
        """The values of the headers that scenarios read."""
        names = self.library.header_names
        return sorted(headers.items()) if b"*" in names else map(headers.get, names)

    def use(self, library: Library) -> None:
        """Answer with these scenarios from the next request on; those under way keep theirs."""
        self.library = library
        self._cache.clear()

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
        return Prepared(conversation, card, asked.caller, places, list(map(_limit, places)))

    # ---- plan and render

    def _rendering(self, prepared: Prepared, index: int | None, asked: Asked, now: float) -> tuple[Rendering, Received]:
        found = prepared.renderings.get(index)
        if found is None:
            found = prepared.renderings[index] = self._render(prepared, index, asked, now)
        return found

    def _render(self, prepared: Prepared, index: int | None, asked: Asked, now: float) -> tuple[Rendering, Received]:
        place = None if index is None else prepared.places[index]
        unmatched = self._unmatched(prepared) if place is None else None
        rendering = self._worded(prepared, place, _no_turn(unmatched) if index is None else None, now)
        received = Received(
            at=now,
            session="",
            method="POST",
            path=asked.path,
            model=prepared.conversation.request.model,
            body=asked.body,
            status=rendering.head.status,
            stream=bool(prepared.conversation.request.stream),
            scenario=place.scenario.name if place else "",
            turn=place.number if place else 0,
            nearest=tuple(unmatched.nearest) if unmatched else (),
        )
        return rendering, received

    def _worded(self, prepared: Prepared, place: Place | None, refusal: Failure | None, now: float) -> Rendering:
        manner = self._manner(prepared, place)
        conversation, card = prepared.conversation, prepared.card
        if refusal is not None:
            return _marked(render(refusal, conversation, card, manner, now), b"x-emulator-error", "unmatched")
        try:
            rendering = render(_script(place, conversation, manner), conversation, card, manner, now)
        except ReplyError as error:
            failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {place.where if place else ''}: {error}")
            rendering = render(failure, conversation, card, manner, now)
            rendering = _marked(rendering, b"x-emulator-error", "scenario")
        return _marked(rendering, b"x-emulator-turn", str(place) if place else "generated")

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
        return Manner(
            root, Style(wire == "sdk-safe", cut, root), written.pacing if written else usual, speed, self._sign
        )

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


def _script(place: Place | None, conversation: Conversation, manner: Manner) -> Script | Failure:
    if place is None:
        return _IMPROVISED
    return script_of(place.turn, place.scenario.usage, conversation, manner.root)


def _no_turn(unmatched: Unmatched | None) -> Failure:
    # 400, not 5xx: the OpenAI clients would ask again.
    return Failure(400, "FAILED_PRECONDITION", f"gemulator: {unmatched}")


def _limit(place: Place | None) -> Limit:
    return Limit(b"", None) if place is None or place.turn.times is None else Limit(place.key, place.turn.times)


def _marked(rendering: Rendering, name: bytes, value: str) -> Rendering:
    """The rendering with a header in which gemulator says something of its own."""
    head = rendering.head
    return replace(rendering, head=replace(head, headers=(*head.headers, (name, value.encode("ascii", "replace")))))
