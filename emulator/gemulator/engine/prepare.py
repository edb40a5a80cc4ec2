"""A request, read, judged and matched; kept ready for when it comes again."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import TypeAlias, overload

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.errors import NearMiss, RequestError
from gemulator.core.plan import Failure
from gemulator.core.seed import verify
from gemulator.core.settings import Settings
from gemulator.engine.cache import SeenFilter, SizedLRUCache
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.rendering import RenderedAnswer
from gemulator.engine.session_library import session_library
from gemulator.request.conversation import Conversation
from gemulator.request.parsed import RequestEnvelope
from gemulator.request.parser import parse
from gemulator.request.target import Caller, Target
from gemulator.scenario.library import NEAREST, Library
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.catalog import Catalog, Model
from gemulator.service.rules import Policy, RuleContext, check_request
from gemulator.service.token_usage import may_be_cached
from gemulator.state.journal.entry import Exchange
from gemulator.state.journal.redaction import drop_secrets
from gemulator.state.store import UNCHANGED, SessionOverlay, SessionSettings, TurnLimit

_Key: TypeAlias = tuple[object, ...]

_TRAFFIC = {b"x-vertex-ai-llm-request-type", b"x-vertex-ai-llm-shared-request-type"}
# What decides an answer beside path and body, and the headers that scenarios read.
_CACHE_KEY_HEADERS = (
    b"x-emulator-seed",
    b"x-emulator-scenario",
    b"x-emulator-wire",
    b"x-emulator-speed",
    b"x-emulator-fault",
    b"x-emulator-pacing",
    *sorted(_TRAFFIC),
)
# Members of a body that change nothing about words an author wrote: what they count in tokens aside.
_WITHOUT_EFFECT = {
    *("model", "messages", "stream", "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed"),
    *("tools", "functions", "user"),
}
_EXTERNAL_REF = re.compile(rb'"\$(?:r|dynamicR)ef"\s*:\s*"[^#]')  # a reference that may leave its schema
_PREPARED = 512  # requests that are kept ready
_SEEN = 8_192  # requests of which it is known that they were here
_SHELVES = 256  # sessions with pushed scenarios that are kept ready
_ENDLESS = TurnLimit("", None)
_LARGEST = 256_000  # bytes of a request that is kept ready
_BYTES = 32_000_000  # of all that are kept ready, with their answers; what follows from them takes three times as much


class PreparedRequest(Struct, frozen=True):
    """A request that was read, judged and matched: the places that may answer, with their limits.

    None among the places stands for the invented answer. `notes` are for the developer; `cacheable`: the service may
    still have the prompt when it comes again; `plain`: nothing in it changes words that an author wrote. `renderings`
    fills as places answer, for first requests and repeats. `size` is that of the body.
    """

    conversation: Conversation
    card: Model
    caller: Caller
    library: Library
    candidates: Sequence[LocatedTurn | None]
    limits: Sequence[TurnLimit]
    notes: Sequence[str]
    cacheable: bool
    has_no_overrides: bool
    renderings: dict[tuple[int | None, bool], tuple[RenderedAnswer, Exchange]]
    key: _Key
    size: int

    @property
    def weight(self) -> int:
        """Bytes of the request and of its answers."""
        return self.size + sum(rendering.size for rendering, _ in self.renderings.values())

    @property
    def nearest(self) -> Sequence[NearMiss]:
        """Why no turn answers: those that fit are used up, others nearly fit."""
        return (*self.exhausted, *self.library.near_misses(self.conversation, self.caller.scenario))[:NEAREST]

    @property
    def exhausted(self) -> Sequence[NearMiss]:
        """The turns that fit, where none of them is left."""
        return [place.exhausted for place in self.candidates[:NEAREST] if place]


class EnvelopeFacts(Struct, frozen=True):
    """What follows from a frame alone. `plain`: it asks for nothing but words as they are."""

    card: Model | Failure
    notes: Sequence[str]
    plain: bool


class LazyNearMisses(Sequence[NearMiss]):
    """What is nearest to a request, found when someone looks: it costs more than many an answer.

    What is kept is what the journal keeps too, the bytes and not their tree. `only`: of that scenario; `spent`
    go before.
    """

    def __init__(
        self, asked: IncomingRequest, shelf: Library, only: str | None, spent: Sequence[NearMiss] = ()
    ) -> None:
        self._shelf, self._only, self._spent = shelf, only, spent
        self._body, self._target = asked.body, asked.target
        self._headers = drop_secrets(asked.headers)

    @cached_property
    def _found(self) -> Sequence[NearMiss]:
        conversation = Conversation(parse(self._body), self._target, HeaderView(self._headers))
        return (*self._spent, *self._shelf.near_misses(conversation, self._only))[:NEAREST]

    @overload
    def __getitem__(self, index: int) -> NearMiss: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NearMiss]: ...
    def __getitem__(self, index: int | slice) -> NearMiss | Sequence[NearMiss]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)


class HeaderView(Mapping[str, str]):
    """Headers as texts: few are ever looked at."""

    def __init__(self, headers: Mapping[bytes, bytes]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name.encode("latin-1", "replace")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._headers)

    def __len__(self) -> int:
        return len(self._headers)


class RequestPreparer:
    """Reads, judges and matches requests. `library` are the scenarios of files; `signing` is the key of signatures."""

    def __init__(self, settings: Settings, library: Library, catalog: Catalog, signing: bytes) -> None:
        self.library = library
        self._settings = settings
        self._catalog = catalog
        self._genuine = partial(verify, signing)
        self._policy = Policy.from_settings(settings)
        self._shelf = lru_cache(maxsize=_SHELVES)(session_library)
        self._cache: SizedLRUCache[PreparedRequest] = SizedLRUCache(_PREPARED, _BYTES)
        self._seen = SeenFilter(_SEEN)

    def prepare(self, asked: IncomingRequest, overlay: SessionOverlay) -> PreparedRequest:
        shelf = self.library_for(overlay)
        names = shelf.header_names
        said = (*map(asked.headers.get, _CACHE_KEY_HEADERS), *(_read(asked.headers, names) if names else ()))
        key = (asked.body, asked.path, asked.target.host, *said, overlay.generation)
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        prepared = self._prepare(asked, overlay, shelf, key)
        if self._seen.check_and_add(key) and prepared.size < _LARGEST:
            self._cache[key] = prepared
            self._cache.weigh(prepared.size)
        return prepared

    def store_rendering(
        self, prepared: PreparedRequest, which: tuple[int | None, bool], rendered: tuple[RenderedAnswer, Exchange]
    ) -> None:
        """Keep an answer with its request, for as long as that is kept ready."""
        prepared.renderings[which] = rendered
        if self._cache.get(prepared.key) is prepared:
            self._cache.weigh(rendered[0].size)

    def set_library(self, library: Library) -> None:
        """Answer with these scenarios from the next request on; those under way keep theirs."""
        self.library = library
        self._cache.clear()
        self._shelf.cache_clear()

    def _prepare(self, asked: IncomingRequest, overlay: SessionOverlay, shelf: Library, key: _Key) -> PreparedRequest:
        conversation = Conversation(parse(asked.body), asked.target, HeaderView(asked.headers))
        known = conversation.envelope.memoize(_known, self._catalog, asked.target)
        card = known.card
        if isinstance(card, Failure):
            raise RequestError(card)
        judgement = check_request(RuleContext.of(conversation, card, self._policy, self._genuine))
        if judgement.failure is not None:
            raise RequestError(judgement.failure)
        if asked.caller.scenario is not None:
            _require_scenario(asked.caller.scenario, shelf)
        caller = _apply_session_settings(asked.caller, overlay.settings)
        invents = (overlay.settings.unmatched or self._settings.unmatched) == "generate"
        places = _candidates(shelf.matching_turns(conversation, caller.scenario), invents=invents)
        limits = [TurnLimit(place.counter, place.turn.times) if place else _ENDLESS for place in places]
        cacheable = may_be_cached(conversation, card, len(asked.body))
        notes = (*judgement.notes, *known.notes) if judgement.notes or known.notes else ()
        plain = known.plain and not notes and not conversation.media and _has_no_overrides(caller, asked.headers)
        size = len(asked.body)
        return PreparedRequest(
            conversation, card, caller, shelf, places, limits, notes, cacheable, plain, {}, key, size
        )

    def nearest(self, asked: IncomingRequest, overlay: SessionOverlay) -> Sequence[NearMiss]:
        """The turns that nearly fit a request that was answered before."""
        return LazyNearMisses(asked, self.library_for(overlay), asked.caller.scenario or overlay.settings.scenario)

    def library_for(self, overlay: SessionOverlay) -> Library:
        """The scenarios that answer in a session."""
        return self._shelf(overlay, self.library) if overlay.published else self.library


def _require_scenario(name: str, shelf: Library) -> None:
    """RequestError where a header names a scenario that is not there."""
    names = [scenario.name for scenario in shelf.scenarios]
    if name not in names:
        from difflib import get_close_matches

        near = get_close_matches(name, names, 1)
        advice = f": did you mean {near[0]!r}?" if near else ""
        words = f"gemulator: x-emulator-scenario: there is no scenario {name!r}{advice}"
        raise RequestError(Failure(400, "INVALID_ARGUMENT", words))


def _known(frame: RequestEnvelope, catalog: Catalog, target: Target) -> EnvelopeFacts:
    card = catalog.lookup(frame.request.model, target)
    plain = isinstance(card, Model) and card.is_gemini and target.shared and frame.members <= _WITHOUT_EFFECT
    return EnvelopeFacts(card, _unfetched(frame), plain)


def _unfetched(frame: RequestEnvelope) -> Sequence[str]:
    """A note on the references that lead out of the request's schemas."""
    if not _EXTERNAL_REF.search(orjson.dumps(frame.body)):
        return ()
    from gemulator.generate.json_schema.document import Document

    schemas = [frame.request.response_schema, *(function.parameters for function in frame.request.functions_offered)]
    found = dict.fromkeys(ref for schema in schemas for ref in Document(schema).external_refs())
    return [f"not fetched, so any value fits: {', '.join(found)}"] if found else ()


def _has_no_overrides(caller: Caller, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the headers ask for nothing but words at the usual pace."""
    return caller.wire is caller.speed is caller.fault is caller.pacing is None and _TRAFFIC.isdisjoint(headers)


def _candidates(fitting: Iterable[LocatedTurn], *, invents: bool) -> Sequence[LocatedTurn | None]:
    """The places up to the first that may answer for ever: none after it is ever reached."""
    places: list[LocatedTurn | None] = []
    for place in fitting:
        places.append(place)
        if place.unlimited:
            return places
    return [*places, None] if invents else places


def _read(headers: Mapping[bytes, bytes], names: Sequence[bytes]) -> Iterable[object]:
    """The values of the headers that scenarios read."""
    return sorted(headers.items()) if b"*" in names else map(headers.get, names)


def _apply_session_settings(caller: Caller, choices: SessionSettings) -> Caller:
    """The caller; what their headers leave open is as their session says."""
    if choices is UNCHANGED.settings:
        return caller
    return replace(
        caller,
        scenario=caller.scenario or choices.scenario,
        seed=caller.seed or choices.seed,
        fault=caller.fault or choices.fault,
        pacing=caller.pacing or choices.pacing,
    )
