"""How a place words its answer to a prepared request: manner, script, rendering, and what gemulator says of it."""

from collections.abc import Callable

from msgspec.structs import replace

from gemulator.core.errors import ReplyError, Unmatched
from gemulator.core.plan import Failure, Plan
from gemulator.core.seed import Seed
from gemulator.core.settings import Settings, parse_speed
from gemulator.delivery.pacing import IMMEDIATE
from gemulator.delivery.schedule import Schedule
from gemulator.dialects import Style
from gemulator.engine.delivery_overrides import fault_overrides, pacing_override
from gemulator.engine.planning.plan import Script
from gemulator.engine.planning.script import resolve_reply
from gemulator.engine.prepare import PreparedRequest
from gemulator.engine.rendering import RenderedAnswer, RenderOptions, render
from gemulator.engine.response_headers import add_emulator_headers
from gemulator.request.conversation import Conversation
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.journal.entry import Source


class AnswerBuilder:
    """Words answers as the settings say. `sign` makes thought signatures with the server's key."""

    def __init__(self, settings: Settings, sign: Callable[[str, Seed], str]) -> None:
        self._settings = settings
        self._sign = sign

    def refuse_unmatched(self, prepared: PreparedRequest, unmatched: Unmatched, now: float) -> RenderedAnswer:
        """The refusal of a request that no turn fits. 400, not 5xx: the OpenAI clients would ask again."""
        failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {unmatched}")
        manner = self._manner(prepared, None, warm=False)
        rendering = render(failure, prepared.conversation, prepared.card, manner, now)
        return self._marked(rendering, prepared, error="unmatched")

    def build(
        self, prepared: PreparedRequest, place: LocatedTurn | None, now: float, *, warm: bool
    ) -> tuple[RenderedAnswer, Source]:
        """The answer of a place (None: the invented one), and where it comes from."""
        manner = self._manner(prepared, place, warm=warm)
        conversation, card = prepared.conversation, prepared.card
        where = str(place) if place else "generated"
        try:
            script = _script(place, conversation, manner)
            rendering = render(script, conversation, card, manner, now)
        except ReplyError as error:
            failure = Failure(400, "FAILED_PRECONDITION", f"gemulator: {place.location if place else where}: {error}")
            rendering = render(failure, conversation, card, manner, now)
            return self._marked(rendering, prepared, where, error="scenario"), "unsatisfiable"
        unfit = isinstance(script, Script) and not isinstance(rendering.answer, Plan)
        source: Source = "unsatisfiable" if unfit else "turn" if place else "generated"
        return self._marked(rendering, prepared, where), source

    def _marked(
        self, rendering: RenderedAnswer, prepared: PreparedRequest, turn: str = "", error: str = ""
    ) -> RenderedAnswer:
        if not self._settings.emulator_headers:
            return rendering
        form = replace(rendering.form, head=add_emulator_headers(rendering.form.head, turn, error, prepared.notes))
        return replace(rendering, form=form)

    def _manner(self, prepared: PreparedRequest, place: LocatedTurn | None, *, warm: bool) -> RenderOptions:
        caller, settings = prepared.caller, self._settings
        scenario = place.scenario if place else None
        realistic, speed = parse_speed(caller.speed or settings.speed)
        written = pacing_override(caller, place)
        usual = prepared.card.pace if realistic else IMMEDIATE
        wire = caller.wire or (scenario.wire if scenario else None) or settings.wire
        cut = (written.tokens_per_chunk if written else None) or prepared.card.tokens_per_chunk
        mark = place.seed_key if place else b""
        root = Seed.root(caller.seed or settings.seed, mark, prepared.conversation.fingerprint)
        style = Style(wire == "sdk-safe", cut, root, settings.tool_index, settings.fragment)
        schedule = Schedule(written.pacing if written else usual, speed, fault_overrides(caller, place))
        return RenderOptions(root, style, schedule, self._sign, warm)


def _script(place: LocatedTurn | None, conversation: Conversation, manner: RenderOptions) -> Script | Failure:
    if place is None:
        from gemulator.engine.planning.generated_reply import GeneratedReply

        return Script((GeneratedReply(),))
    return resolve_reply(place.turn, place.scenario.usage, conversation, manner.root)
