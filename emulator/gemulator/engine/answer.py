"""How a place words its answer to a prepared request: manner, script, rendering, and what gemulator says of it."""

from collections.abc import Callable

from msgspec.structs import replace

from gemulator.core.errors import ReplyError, Unmatched
from gemulator.core.plan import Failure, Plan
from gemulator.core.seed import Seed
from gemulator.core.settings import Settings, speed_of
from gemulator.delivery.pacing import AT_ONCE
from gemulator.delivery.schedule import Schedule
from gemulator.dialects import Style
from gemulator.engine.delivery_overrides import faults_for, pace_for
from gemulator.engine.planning.plan import Script
from gemulator.engine.planning.script import script_of
from gemulator.engine.prepare import Prepared
from gemulator.engine.rendering import Manner, Rendering, render
from gemulator.engine.response_headers import marked
from gemulator.request.conversation import Conversation
from gemulator.scenario.turns import Place
from gemulator.state.journal.entry import Source


class Wording:
    """Words answers as the settings say. `sign` makes thought signatures with the server's key."""

    def __init__(self, settings: Settings, sign: Callable[[str, Seed], str]) -> None:
        self._settings = settings
        self._sign = sign

    def unmatched(self, prepared: Prepared, unmatched: Unmatched, now: float) -> Rendering:
        """The refusal of a request that no turn fits. 400, not 5xx: the OpenAI clients would ask again."""
        failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {unmatched}")
        manner = self._manner(prepared, None, warm=False)
        rendering = render(failure, prepared.conversation, prepared.card, manner, now)
        return self._marked(rendering, prepared, error="unmatched")

    def worded(self, prepared: Prepared, place: Place | None, now: float, *, warm: bool) -> tuple[Rendering, Source]:
        """The answer of a place (None: the invented one), and where it comes from."""
        manner = self._manner(prepared, place, warm=warm)
        conversation, card = prepared.conversation, prepared.card
        where = str(place) if place else "generated"
        try:
            script = _script(place, conversation, manner)
            rendering = render(script, conversation, card, manner, now)
        except ReplyError as error:
            failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {place.where if place else where}: {error}")
            rendering = render(failure, conversation, card, manner, now)
            return self._marked(rendering, prepared, where, error="scenario"), "unsatisfiable"
        unfit = isinstance(script, Script) and not isinstance(rendering.answer, Plan)
        source: Source = "unsatisfiable" if unfit else "turn" if place else "generated"
        return self._marked(rendering, prepared, where), source

    def _marked(self, rendering: Rendering, prepared: Prepared, turn: str = "", error: str = "") -> Rendering:
        if not self._settings.emulator_headers:
            return rendering
        form = replace(rendering.form, head=marked(rendering.form.head, turn, error, prepared.notes))
        return replace(rendering, form=form)

    def _manner(self, prepared: Prepared, place: Place | None, *, warm: bool) -> Manner:
        caller, settings = prepared.caller, self._settings
        scenario = place.scenario if place else None
        realistic, speed = speed_of(caller.speed or settings.speed)
        written = pace_for(caller, place)
        usual = prepared.card.pace if realistic else AT_ONCE
        wire = caller.wire or (scenario.wire if scenario else None) or settings.wire
        cut = (written.tokens_per_chunk if written else None) or prepared.card.tokens_per_chunk
        mark = place.mark if place else b""
        root = Seed.root(caller.seed or settings.seed, mark, prepared.conversation.fingerprint)
        style = Style(wire == "sdk-safe", cut, root, settings.tool_index, settings.fragment)
        schedule = Schedule(written.pacing if written else usual, speed, faults_for(caller, place))
        return Manner(root, style, schedule, self._sign, warm)


def _script(place: Place | None, conversation: Conversation, manner: Manner) -> Script | Failure:
    if place is None:
        from gemulator.engine.planning.generated_reply import Improvised

        return Script((Improvised(),))
    return script_of(place.turn, place.scenario.usage, conversation, manner.root)
