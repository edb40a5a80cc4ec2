"""Request preparation: parse, check and match."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.budget import LOOP_STEPS, NANOSECONDS_PER_STEP, BudgetExceeded, WorkerNeeded
from gemulator.core.errors import NearMiss, RequestError, ScenarioError
from gemulator.core.folders import are_examples
from gemulator.core.headers import Headers
from gemulator.core.overrides import NO_OVERRIDES
from gemulator.core.plan import Failure, own_failure
from gemulator.core.seed import verify
from gemulator.core.settings import Settings, Strictness, UnmatchedMode
from gemulator.engine.cache import AnswerCache
from gemulator.engine.delivery_overrides import has_no_overrides
from gemulator.engine.envelope_facts import envelope_facts
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.planning.script import replies_with_error, root_seed
from gemulator.engine.rendering import RenderedAnswer
from gemulator.engine.session_library import Published, PushedTurns, require_scenario, validate_settings
from gemulator.engine.worker import in_event_loop
from gemulator.request.conversation import Conversation
from gemulator.request.limits import RequestLimits, check_bytes
from gemulator.request.limits import check_request as check_limits
from gemulator.request.parser import parse
from gemulator.request.target import Caller
from gemulator.scenario.library import MAX_MATCHING, NEAREST, Library
from gemulator.scenario.ordered_error import ordered_turn
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.catalog import Catalog, Model
from gemulator.service.rules import Policy, RuleContext, RuleResult, check_request
from gemulator.service.token_usage import may_be_cached
from gemulator.state.journal.entry import Exchange
from gemulator.state.store import UNCHANGED, SessionOverlay, StoreDataError, TurnLimit

_LOOP_TIME = LOOP_STEPS * NANOSECONDS_PER_STEP  # of matching in the event loop
_MEDIUM = 64_000  # bytes of a body above which a new request is prepared in the worker
_MAX_LIBRARIES = 256  # cached libraries of sessions with pushed scenarios
_NO_FILES = Library()
_UNLIMITED = TurnLimit("", None)
_REFUSED = TurnLimit("", None, counts=False)


class PreparedRequest(Struct):
    """A parsed, checked and matched request: the turns that may answer, with their limits.

    None among the candidates is the generated or forwarded answer. `notes` are for the developer; `tolerated` those of
    them that are refusals of the service. `may_be_cached`: the service may have the prompt in its cache when it is sent
    again. `has_no_overrides`: nothing in the request changes the text of a turn. `refusal` is the service's, which is
    sent unless a turn is chosen that counts, because it replies with an error. `renderings` are the answers so far, by
    candidate and `is_repeat`; `key` is that of the answer cache, None if the request is not stored there.
    """

    conversation: Conversation
    model: Model
    caller: Caller
    library: Library
    candidates: Sequence[LocatedTurn | None]
    limits: Sequence[TurnLimit]
    notes: Sequence[str]
    tolerated: Sequence[str]
    may_be_cached: bool
    has_no_overrides: bool
    refusal: Failure | None = None
    renderings: dict[tuple[int | None, bool], tuple[RenderedAnswer, Exchange]] = {}
    key: Hashable | None = None

    @property
    def size(self) -> int:
        """Return the bytes of the request and its answers."""
        return len(self.conversation.parsed.raw) + sum(rendering.size for rendering, _ in self.renderings.values())

    @property
    def nearest(self) -> Sequence[NearMiss]:
        """Return the turns that are exhausted or nearly match, if none answers."""
        exhausted = [located.exhausted for located in self.candidates[:NEAREST] if located]
        return (*exhausted, *self.library.near_misses(self.conversation, self.caller.settings.scenario))[:NEAREST]

    @property
    def nearest_steps(self) -> int:
        """Return the steps that `nearest` takes."""
        return self.library.comparing_work(self.conversation) // NANOSECONDS_PER_STEP


class RequestPreparer:
    """Parses, checks and matches requests. `library` has the scenarios of files; `signing` is the signature key."""

    def __init__(
        self, settings: Settings, library: Library, catalog: Catalog, signing: bytes, cache: AnswerCache
    ) -> None:
        self.library = library
        self._settings = settings
        self._catalog = catalog
        self._verify_signature = partial(verify, signing)
        self._policy = lru_cache(partial(Policy.from_settings, settings))
        names = RequestLimits.__struct_fields__
        self._limits = RequestLimits(**{name: getattr(settings, f"max_{name}") for name in names})
        self._pushed = PushedTurns()
        self._session_library = lru_cache(maxsize=_MAX_LIBRARIES)(self._combine)
        self._cache = cache
        self._serves_examples = are_examples(settings.scenarios)

    def prepare(self, incoming: IncomingRequest, overlay: SessionOverlay) -> PreparedRequest:
        """Return the prepared request. Raise RequestError if it is refused, WorkerNeeded in the event loop."""
        library = self.library_for(incoming.caller.session, overlay)
        names, headers = library.header_names, incoming.headers
        overrides = incoming.caller.settings
        key = (
            incoming.body,
            incoming.path,
            incoming.target.host,
            incoming.target.location,
            None if overrides is NO_OVERRIDES else overrides,
            headers.get(b"x-vertex-ai-llm-request-type"),
            headers.get(b"x-vertex-ai-llm-shared-request-type"),
            tuple(_values(headers, names)) if names else (),
            overlay.generation,
            library,  # another thread may replace it before this answer is cached
        )
        prepared: PreparedRequest | None = self._cache.get(key)
        if prepared is None:
            if len(incoming.body) > _MEDIUM and in_event_loop(len(incoming.body)):
                raise WorkerNeeded
            prepared = self._prepare(incoming, overlay, library)
            if self._cache.offer(key, prepared):
                prepared.key = key
        return prepared

    def store_rendering(
        self, prepared: PreparedRequest, which: tuple[int | None, bool], rendered: tuple[RenderedAnswer, Exchange]
    ) -> None:
        """Store an answer with its request, for as long as that is cached."""
        prepared.renderings[which] = rendered
        if prepared.key is not None:
            self._cache.grow(prepared.key, prepared, rendered[0])

    def set_library(self, library: Library) -> object:
        """Use these scenarios from the next request on; requests in progress keep theirs.

        Return the cached answers of the previous ones: to free them takes long if they are many.
        """
        self.library = library
        self._session_library.cache_clear()
        return self._cache.clear()

    def _prepare(self, incoming: IncomingRequest, overlay: SessionOverlay, library: Library) -> PreparedRequest:
        is_harmless = len(incoming.body) <= self._limits.harmless
        if not is_harmless:
            check_bytes(incoming.body, self._limits)
        parsed = parse(incoming.body)
        if not is_harmless:
            check_limits(parsed, self._limits, shared=incoming.target.shared)
        conversation = Conversation(parsed, incoming.target, Headers(incoming.headers))
        facts = conversation.envelope.memoize(envelope_facts, self._catalog, incoming.target)
        caller = incoming.caller
        if overlay.settings is not UNCHANGED.settings:
            validate_settings(caller.session, overlay.settings)
            # The session's settings apply to what the headers do not set.
            caller = replace(caller, settings=caller.settings.completed(overlay.settings))
        model, checked = self._check(conversation, facts.model, caller)
        if incoming.caller.settings.scenario is not None:
            require_scenario(incoming.caller.settings.scenario, library)
        ordered = caller.settings.error and ordered_turn(caller.settings.error)
        matching = (ordered,) if ordered else _matching(library, conversation, caller.settings.scenario)
        candidates = _candidates(matching, has_default=self.unmatched(overlay) != "error")
        if checked.failure is not None:
            limits = self._error_limits(candidates, caller, conversation, checked.failure)
        else:
            limits = [TurnLimit(turn.counter, turn.turn.times) if turn else _UNLIMITED for turn in candidates]
        notes = (*checked.notes, *facts.notes) if checked.notes or facts.notes else ()
        cacheable = may_be_cached(conversation, model, len(incoming.body))
        plain = facts.is_plain and not notes and not conversation.media and has_no_overrides(caller, incoming.headers)
        return PreparedRequest(
            conversation,
            model,
            caller,
            library,
            candidates,
            limits,
            notes,
            checked.tolerated,
            cacheable,
            plain,
            checked.failure,
        )

    def refusal(self, incoming: IncomingRequest, strictness: Strictness) -> Failure | None:
        """Return the refusal of a request under `--strictness` alone, without the options of single rule groups."""
        try:
            conversation = Conversation(parse(incoming.body), incoming.target, Headers(incoming.headers))
        except RequestError as error:
            return error.failure
        model = self._catalog.lookup(conversation.request.model, incoming.target)
        if isinstance(model, Failure):
            return model
        policy = Policy(strictness, listed_only=self._settings.models == "catalog")
        return check_request(RuleContext.of(conversation, model, policy, self._verify_signature)).failure

    def _check(self, conversation: Conversation, found: Model | Failure, caller: Caller) -> tuple[Model, RuleResult]:
        """Return the model and the result of the rules; an unknown model or endpoint is refused by the front end."""
        if isinstance(found, Failure):
            return Model(conversation.request.model, is_fallback=True), RuleResult(found)
        policy = self._policy(caller.settings.strictness, caller.settings.signatures)
        return found, check_request(RuleContext.of(conversation, found, policy, self._verify_signature))

    def _error_limits(
        self,
        candidates: Sequence[LocatedTurn | None],
        caller: Caller,
        conversation: Conversation,
        refusal: Failure,
    ) -> Sequence[TurnLimit]:
        """Return the limits of a request that the service refuses: only turns that reply with an error count.

        Raise RequestError if there is none. The last limit stands for the refusal.
        """
        seed = caller.settings.seed or self._settings.seed
        limits = [
            TurnLimit(turn.counter, turn.turn.times, replies_with_error(turn.turn, root_seed(seed, turn, conversation)))
            if turn
            else _REFUSED
            for turn in candidates
        ]
        if not any(limit.counts for limit in limits):
            raise RequestError(refusal)
        return [*limits, _REFUSED]

    def library_for(self, session: str, overlay: SessionOverlay) -> Library:
        """Return the scenarios of a session. Raise StoreDataError if a pushed one is not valid.

        The shipped examples answer no session that refuses unmatched requests: a test expects its own turns.
        """
        files = self.library
        if self._serves_examples and self.unmatched(overlay) != "generate":
            files = _NO_FILES
        if not overlay.published:
            return files
        try:
            return self._session_library(overlay.published, files)
        except ScenarioError as error:
            raise StoreDataError(session, f"a pushed scenario is not valid: {error}") from None

    def unmatched(self, overlay: SessionOverlay) -> UnmatchedMode:
        """Return the answer to requests that match no turn."""
        return overlay.settings.unmatched or self._settings.unmatched

    async def load_library(self, session: str, overlay: SessionOverlay) -> Library:
        """Return the scenarios of a session; large ones are read in a thread. Raise StoreDataError, NoTaskError."""
        await self.preload(overlay)
        return self.library_for(session, overlay)

    async def preload(self, overlay: SessionOverlay) -> None:
        """Read large pushed scenarios in a thread, so that `library_for` takes no time. Raise NoTaskError."""
        await self._pushed.load(overlay.published)

    def _combine(self, published: Published, files: Library) -> Library:
        return files.with_pushed(self._pushed.get(published))


def _candidates(matching: Iterable[LocatedTurn], *, has_default: bool) -> Sequence[LocatedTurn | None]:
    """Return the turns up to the first without `times`: later ones are never reached."""
    candidates: list[LocatedTurn | None] = []
    for located in matching:
        candidates.append(located)
        if located.unlimited:
            return candidates
    return [*candidates, None] if has_default else candidates


def _matching(library: Library, conversation: Conversation, only: str | None) -> Iterable[LocatedTurn]:
    """Return the matching turns. Raise WorkerNeeded in the event loop if it takes long to find them."""
    if library.can_match_within(_LOOP_TIME, len(conversation.parsed.raw)):
        return library.matching_turns(conversation, only, limit=None)
    return _matching_within_limits(library, conversation, only)


def _matching_within_limits(library: Library, conversation: Conversation, only: str | None) -> Iterator[LocatedTurn]:
    limit = _LOOP_TIME if in_event_loop(len(conversation.parsed.raw)) else MAX_MATCHING
    try:
        yield from library.matching_turns(conversation, only, limit)
    except BudgetExceeded:
        if limit < MAX_MATCHING:
            raise WorkerNeeded from None
        message = f"the scenarios compare a body of {len(conversation.parsed.raw):,} bytes too many times"
        remedy = "send a shorter prompt, or use fewer alternatives, globs and regular expressions"
        raise RequestError(own_failure(f"{message}: {remedy}.", message, remedy)) from None


def _values(headers: Mapping[bytes, bytes], names: Sequence[bytes]) -> Iterable[object]:
    """Return the values of the headers that scenarios read."""
    return sorted(headers.items()) if b"*" in names else map(headers.get, names)
