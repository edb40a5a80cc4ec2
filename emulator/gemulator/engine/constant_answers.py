"""Cache of rendered answers for turns with constant text."""

from gemulator.core.seed import Seed
from gemulator.engine.cache import SeenFilter
from gemulator.engine.prepare import PreparedRequest
from gemulator.engine.rendering import RenderedAnswer
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.token_usage import prompt_tokens

_MAX_ENTRIES = 1024

_Key = tuple[LocatedTurn, str, bool]


class ConstantAnswerCache:
    """Rendered answers of turns with constant text, for requests without overrides."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._renderings: dict[_Key, RenderedAnswer] = {}
        self._seen = SeenFilter(_MAX_ENTRIES)

    def get(self, prepared: PreparedRequest, located: LocatedTurn) -> RenderedAnswer | None:
        """Return a cached answer of the turn, rebound to this request; None if there is none."""
        cached = self._renderings.get(_key(prepared, located)) if prepared.has_no_overrides else None
        if cached is None:
            return None
        conversation = prepared.conversation
        tokens = prompt_tokens(conversation, prepared.card)
        seed = prepared.caller.seed or self._seed
        root = Seed.root(seed, located.seed_key, conversation.fingerprint)
        return cached.rebind(root, tokens) if tokens else None

    def put(self, prepared: PreparedRequest, located: LocatedTurn, rendering: RenderedAnswer) -> None:
        """Store the second answer of a turn if its text is constant: most turns of tests answer once."""
        usage = rendering.usage
        if (
            not self._seen.check_and_add(_key(prepared, located))
            or not prepared.has_no_overrides
            or not _is_constant(located)
            or usage is None
            or not usage.prompt_tokens
        ):
            return
        if len(self._renderings) >= _MAX_ENTRIES:  # turns of reloaded scenarios among them
            self._renderings.clear()
        self._renderings[_key(prepared, located)] = rendering


def _key(prepared: PreparedRequest, located: LocatedTurn) -> _Key:
    request = prepared.conversation.request
    return located, request.model, bool(request.stream)


def _is_constant(located: LocatedTurn) -> bool:
    return located.turn.constant and not located.scenario.usage.model_fields_set
