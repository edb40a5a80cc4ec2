"""Answers whose words do not depend on the request: rendered once for a turn, and filled in for each request."""

from gemulator.core.seed import Seed
from gemulator.engine.cache import Seen
from gemulator.engine.prepare import Prepared
from gemulator.engine.rendering import Rendering
from gemulator.scenario.turns import Place
from gemulator.service.token_usage import prompt_tokens

_MOST = 1024  # renderings that are kept

_Key = tuple[Place, str, bool]


class Standing:
    """The renderings of turns whose words are constant, for requests that ask for nothing special."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._kept: dict[_Key, Rendering] = {}
        self._once = Seen(_MOST)

    def found(self, prepared: Prepared, place: Place) -> Rendering | None:
        """The answer of a turn to a request, made from one that it gave before; None: it has to be made."""
        kept = self._kept.get(_key(prepared, place)) if prepared.plain else None
        if kept is None:
            return None
        conversation = prepared.conversation
        tokens = prompt_tokens(conversation, prepared.card)
        seed = prepared.caller.seed or self._seed
        root = Seed.root(seed, place.mark, conversation.fingerprint)
        return kept.again(root, tokens) if tokens else None

    def keep(self, prepared: Prepared, place: Place, rendering: Rendering) -> None:
        """Remember a second answer of a turn, if others can be made from it: most of a test's turns answer once."""
        usage = rendering.usage
        if (
            not self._once.before(_key(prepared, place))
            or not prepared.plain
            or not _constant(place)
            or usage is None
            or not usage.prompt_tokens
        ):
            return
        if len(self._kept) >= _MOST:  # turns of scenarios that are gone among them
            self._kept.clear()
        self._kept[_key(prepared, place)] = rendering


def _key(prepared: Prepared, place: Place) -> _Key:
    request = prepared.conversation.request
    return place, request.model, bool(request.stream)


def _constant(place: Place) -> bool:
    return place.turn.constant and not place.scenario.usage.model_fields_set
