"""Builder of the answer of a turn to a prepared request."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gemulator.core.budget import NANOSECONDS_PER_STEP, Budget
from gemulator.core.errors import ReplyError, Unmatched
from gemulator.core.plan import Failure, Plan, RawAnswer, own_failure
from gemulator.core.seed import Seed
from gemulator.core.settings import Settings
from gemulator.core.speed import parse_speed
from gemulator.delivery.pacing import IMMEDIATE
from gemulator.delivery.schedule import Schedule
from gemulator.dialects import Style
from gemulator.engine.cache import AnswerCache
from gemulator.engine.delivery_overrides import fault_overrides, pacing_override
from gemulator.engine.literal import render_literal
from gemulator.engine.planning.plan import Script
from gemulator.engine.planning.script import resolve_reply, root_seed
from gemulator.engine.prepare import PreparedRequest
from gemulator.engine.rendering import RenderedAnswer, RenderOptions, render
from gemulator.engine.response_headers import add_emulator_headers
from gemulator.request.conversation import Conversation
from gemulator.request.target import Caller
from gemulator.scenario.conditions.captures import capturing_work
from gemulator.scenario.turns import LocatedTurn
from gemulator.service.token_usage import prompt_tokens
from gemulator.state.journal.entry import Source
from gemulator.state.store import ENDED_SCENARIO


class AnswerBuilder:
    """Builds answers as the settings say. `sign` makes thought signatures with the server's key."""

    def __init__(self, settings: Settings, sign: Callable[[str, Seed], str], cache: AnswerCache) -> None:
        self._settings = settings
        self._sign = sign
        self._cache = cache

    def refuse_unmatched(self, prepared: PreparedRequest, unmatched: Unmatched, now: float) -> RenderedAnswer:
        """Return the refusal of a request that matches no turn: 400, because OpenAI clients retry a 5xx."""
        cause = "no turn of the loaded scenarios matches this request"
        remedy = "change the request or a `when` as the message says, add a turn, or `--unmatched generate`"
        failure = own_failure(str(unmatched), cause, remedy, code="FAILED_PRECONDITION")
        options = self.options(prepared, None, Budget(), now, is_repeat=False)
        rendering = render(failure, prepared.conversation, prepared.model, options)
        return self._with_headers(rendering, prepared, error="unmatched")

    def build(
        self, prepared: PreparedRequest, located: LocatedTurn | None, now: float, budget: Budget, *, is_repeat: bool
    ) -> tuple[RenderedAnswer, Source]:
        """Return the answer of a turn (None: the generated answer) and its source."""
        if located is None or is_repeat or not prepared.has_no_overrides:
            return self._render(prepared, located, now, budget, is_repeat=is_repeat)
        request = prepared.conversation.request
        key = (located, request.model, bool(request.stream))
        cached: RenderedAnswer | None = self._cache.get(key)
        if cached is not None and (tokens := prompt_tokens(prepared.conversation, prepared.model)):
            seed = prepared.caller.settings.seed or self._settings.seed
            return cached.rebind(root_seed(seed, located, prepared.conversation), tokens), "turn"
        rendering, source = self._render(prepared, located, now, budget, is_repeat=False)
        if (
            _is_constant(located)
            and self._counts_once(located)
            and rendering.usage is not None
            and rendering.usage.prompt_tokens
        ):
            self._cache.offer(key, rendering)
        return rendering, source

    def _render(
        self, prepared: PreparedRequest, located: LocatedTurn | None, now: float, budget: Budget, *, is_repeat: bool
    ) -> tuple[RenderedAnswer, Source]:
        options = self.options(prepared, located, budget, now, is_repeat=is_repeat)
        conversation, model = prepared.conversation, prepared.model
        turn = str(located) if located else "generated"
        try:
            script = _script(located, conversation, options)
            if isinstance(script, RawAnswer):
                rendering = render_literal(script, model, options)
            else:
                rendering = render(script, conversation, model, options)
        except ReplyError as error:
            where = located.location if located else turn
            cause, remedy = f"the reply at {where} cannot be made for this request", f"correct it: {error}"
            failure = own_failure(f"{where}: {error}", cause, remedy, code="FAILED_PRECONDITION")
            rendering = render(failure, conversation, model, options)
            return self._with_headers(rendering, prepared, turn, error="scenario"), "unsatisfiable"
        unsatisfiable = isinstance(script, Script) and not isinstance(rendering.answer, Plan)
        source: Source = "unsatisfiable" if unsatisfiable else "turn" if located else "generated"
        return self._with_headers(rendering, prepared, turn), source

    def _with_headers(
        self, rendering: RenderedAnswer, prepared: PreparedRequest, turn: str = "", error: str = ""
    ) -> RenderedAnswer:
        if not self._settings.emulator_headers:
            return rendering
        template, answer = rendering.template, rendering.answer
        hint = answer.hint if isinstance(answer, Failure) else ""
        head = add_emulator_headers(template.head, turn=turn, error=error, hint=hint, notes=prepared.notes)
        return replace(rendering, template=replace(template, head=head))

    def options(
        self, prepared: PreparedRequest, located: LocatedTurn | None, budget: Budget, now: float, *, is_repeat: bool
    ) -> RenderOptions:
        """Return seed, style and schedule of an answer."""
        caller, settings = prepared.caller, self._settings
        realistic, speed = parse_speed(caller.settings.speed or settings.speed)
        override = pacing_override(caller, located)
        default_pacing = prepared.model.pace if realistic else IMMEDIATE
        tokens_per_chunk = (override.tokens_per_chunk if override else None) or prepared.model.tokens_per_chunk
        root = root_seed(caller.settings.seed or settings.seed, located, prepared.conversation)
        style = self._style(caller, located, tokens_per_chunk, root)
        pacing, waits = (override.pacing, override.waits or ()) if override else (default_pacing, ())
        schedule = Schedule(pacing, speed, fault_overrides(caller, located), waits)
        tool_calls = caller.settings.tool_calls or settings.tool_calls
        return RenderOptions(root, style, schedule, self._sign, budget, now, is_repeat, tool_calls)

    def _style(self, caller: Caller, located: LocatedTurn | None, tokens_per_chunk: int, root: Seed) -> Style:
        """Return the format of a stream: by request or session, scenario, server; the first that sets it wins."""

        def chosen(name: str) -> Any:
            own = getattr(located.scenario, name) if located else None
            return getattr(caller.settings, name) or own or getattr(self._settings, name)

        return Style(
            chosen("wire") == "sdk-safe",
            tokens_per_chunk,
            root,
            chosen("tool_index"),
            chosen("fragment"),
            int(chosen("calls_per_delta")),
            chosen("stream_usage"),
        )

    def _counts_once(self, located: LocatedTurn) -> bool:
        """Return True if only the last chunk of a stream has token counts: others differ by the prompt's tokens."""
        return (located.scenario.stream_usage or self._settings.stream_usage) == "last"


def _is_constant(located: LocatedTurn) -> bool:
    return located.turn.constant and not located.scenario.usage.model_fields_set


def _script(
    located: LocatedTurn | None, conversation: Conversation, options: RenderOptions
) -> Script | Failure | RawAnswer:
    if located is None:
        from gemulator.engine.planning.generated_reply import GeneratedReply

        return Script((GeneratedReply(),))
    if located.turn.reads_groups:
        options.budget.expect(capturing_work(located.turn.when.regexes, conversation) // NANOSECONDS_PER_STEP)
    script = resolve_reply(located.turn, located.scenario.usage, conversation, options.root, options.now)
    if isinstance(script, Failure) and located.scenario.name == ENDED_SCENARIO:
        return own_failure(script.message)
    return script
