"""Answers whose words do not depend on the request: rendered once for a turn, and filled in for each request."""

from gemulator.core.seed import Seed
from gemulator.engine.cache import SeenFilter
from gemulator.engine.prepare import PreparedRequest
from gemulator.engine.rendering import RenderedAnswer
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.token_usage import prompt_tokens

_MOST = 1024  # renderings that are kept

_Key = tuple[LocatedTurn, str, bool]


class ConstantAnswerCache:
    """The renderings of turns whose words are constant, for requests that ask for nothing special."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._kept: dict[_Key, RenderedAnswer] = {}
        self._once = SeenFilter(_MOST)

    def get(self, prepared: PreparedRequest, place: LocatedTurn) -> RenderedAnswer | None:
        """The answer of a turn to a request, made from one that it gave before; None: it has to be made."""
        kept = self._kept.get(_key(prepared, place)) if prepared.has_no_overrides else None
        if kept is None:
            return None
        conversation = prepared.conversation
        tokens = prompt_tokens(conversation, prepared.card)
        seed = prepared.caller.seed or self._seed
        root = Seed.root(seed, place.seed_key, conversation.fingerprint)
        return kept.rebind(root, tokens) if tokens else None

    def put(self, prepared: PreparedRequest, place: LocatedTurn, rendering: RenderedAnswer) -> None:
        """Remember a second answer of a turn, if others can be made from it: most of a test's turns answer once."""
        usage = rendering.usage
        if (
            not self._once.check_and_add(_key(prepared, place))
            or not prepared.has_no_overrides
            or not _constant(place)
            or usage is None
            or not usage.prompt_tokens
        ):
            return
        if len(self._kept) >= _MOST:  # turns of scenarios that are gone among them
            self._kept.clear()
        self._kept[_key(prepared, place)] = rendering


def _key(prepared: PreparedRequest, place: LocatedTurn) -> _Key:
    request = prepared.conversation.request
    return place, request.model, bool(request.stream)


def _constant(place: LocatedTurn) -> bool:
    return place.turn.constant and not place.scenario.usage.model_fields_set
