"""Recording: a scenario made of the exchanges of one session."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.credentials import Redactor
from gemulator.core.errors import ScenarioError
from gemulator.core.json_types import JSON, digest
from gemulator.delivery.steps import Chunk, Delivery
from gemulator.record.conditions import RecordedRequest, complete_when, smallest_when
from gemulator.record.exchange import Exchange, Piece
from gemulator.record.pace import waits_of
from gemulator.record.replay import Replayer, conversation_of
from gemulator.record.reply_fields import WrittenReply, literal_reply, readable_replies, retold_replies
from gemulator.record.yaml_text import scenario_text
from gemulator.request.conversation import Conversation
from gemulator.scenario.recorded import system_digest, tools_digest
from gemulator.state.journal.answers import redact_delivery


class Lost(Struct, frozen=True):
    """An exchange that could not be carried over, or not completely."""

    source: str
    reason: str


class Recording(Struct, frozen=True):
    """Text of a scenario file and the files that it names.

    `literal` are the reasons of the turns that are not written in parts, `lost` the exchanges that are not in it.
    """

    text: str
    files: Mapping[str, bytes]
    turns: int
    literal: Sequence[str] = ()
    lost: Sequence[Lost] = ()

    @property
    def readable(self) -> int:
        """Return the number of turns that are written in parts."""
        return self.turns - len(self.literal)


class _Turn(Struct):
    """A turn under construction."""

    exchange: Exchange
    request: RecordedRequest
    reply: WrittenReply
    reason: str = ""
    times: int | None = None
    when: dict[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        times = {} if self.times is None else {"times": self.times}
        when = {"when": self.when} if self.when else {}
        waits = waits_of(self.exchange)
        return {**when, **times, **self.reply.fields, **({"pacing": {"waits": waits}} if waits else {})}


class RecordingBuilder:
    """Makes recordings, and checks each by answering its requests again. Must not run in an event loop."""

    def __init__(self, replayer: Replayer, redactor: Redactor) -> None:
        self._replayer = replayer
        self._redactor = redactor
        self._known: dict[int, tuple[Exchange, _Turn]] = {}  # a recorder builds with each exchange anew

    def build(self, exchanges: Sequence[Exchange], stem: str, description: str = "") -> Recording:
        """Return the recording of exchanges in their order; `stem` begins the names of the files beside it."""
        turns, lost = list[_Turn](), list[Lost]()
        for exchange in exchanges:
            try:
                turn = self._known_turn(exchange, stem)
            except ValueError as error:
                lost.append(Lost(exchange.source, str(error)))
                continue
            if not any(_is_repeat(turn, other) for other in turns):
                turns.append(turn)
        _limit_times(turns)
        for turn in turns:
            turn.when = smallest_when(turn.request, _others(turn, turns))
        turns = self._valid(turns, lost)
        self._correct(turns, stem)
        turns = self._valid(turns, lost)
        if not turns:
            return Recording("", {}, 0, (), lost)
        scenario: dict[str, Any] = {"description": description} if description else {}
        digests = [_digests(turn.request.conversation) for turn in turns]
        common = max(digests, key=digests.count)
        scenario |= {"recorded": common} if common else {}
        own = [{} if one == common else {"recorded": one} for one in digests]
        scenario["turns"] = [{**turn.fields, **more} for turn, more in zip(turns, own, strict=True)]
        comments = {at: [f"Not in parts: {turn.reason}."] for at, turn in enumerate(turns) if turn.reason}
        files = {name: data for turn in turns for name, data in turn.reply.files.items()}
        reasons = [turn.reason for turn in turns if turn.reason]
        return Recording(scenario_text(scenario, comments), files, len(turns), reasons, lost)

    def _valid(self, turns: Sequence[_Turn], lost: list[Lost]) -> list[_Turn]:
        """Return the turns that can be read again; add the others to `lost`."""
        valid = []
        for turn in turns:
            if self._replayer.turn(turn.fields, turn.reply.files) is None:
                lost.append(Lost(turn.exchange.source, "no conditions can be written for its request"))
            else:
                valid.append(turn)
        return valid

    def _known_turn(self, exchange: Exchange, stem: str) -> _Turn:
        """Return a fresh copy of the turn of an exchange, which is made once."""
        known = self._known.get(id(exchange))
        if known is None or known[0] is not exchange:
            known = self._known[id(exchange)] = (exchange, self._turn(exchange, stem))
        return replace(known[1])

    def _turn(self, exchange: Exchange, stem: str) -> _Turn:
        """Return the turn of an exchange. Raise ValueError if request or answer cannot be written."""
        conversation = conversation_of(exchange)
        body = self._redactor.json(exchange.body)
        redacted = conversation if body == exchange.body else conversation_of(replace(exchange, body=body))
        exchange = replace(exchange, pieces=self._redacted_pieces(exchange))
        reply, reason = self._reply(exchange, conversation, stem)
        if reason and self._replayer.turn(reply.fields, reply.files) is None:
            raise ValueError(f"no turn can have its answer, with status {exchange.status}")
        return _Turn(exchange, RecordedRequest(conversation, redacted, foreign=exchange.foreign), reply, reason)

    def _redacted_pieces(self, exchange: Exchange) -> Sequence[Piece]:
        chunks = [Chunk(piece.data, wait=piece.wait) for piece in exchange.pieces]
        steps = redact_delivery(Delivery(tuple(chunks)), self._redactor).steps
        return [Piece(step.data, step.wait) for step in steps if isinstance(step, Chunk)]

    def _reply(self, exchange: Exchange, conversation: Conversation, stem: str) -> tuple[WrittenReply, str]:
        """Return the most readable reply that sends the recorded bytes, and the reason if it is a literal one."""
        if exchange.cut:
            return _literal(exchange, stem), "the answer was cut"
        reason = ""
        try:
            for written in retold_replies(exchange) if exchange.foreign else readable_replies(exchange):
                scenario = self._replayer.turn(written.fields, written.files)
                found = "a field that no turn has"
                if scenario is not None:
                    (found,) = self._replayer.differences(scenario, [exchange])
                if not found:
                    return written, ""
                reason = found
        except ValueError as error:
            reason = str(error)
        return _literal(exchange, stem), reason

    def _correct(self, turns: Sequence[_Turn], stem: str) -> None:
        """Answer all requests again; write those that differ with all their conditions and as they were sent."""
        for attempt in range(2):
            scenario = self._scenario(turns)
            found = self._replayer.differences(scenario, [turn.exchange for turn in turns]) if scenario else []
            wrong = [(turn, reason) for turn, reason in zip(turns, found, strict=False) if reason]
            for turn, reason in wrong:
                turn.when = complete_when(turn.request, _others(turn, turns))
                if attempt:
                    turn.reply, turn.reason = _literal(turn.exchange, stem), turn.reason or reason
            if not wrong:
                return

    def _scenario(self, turns: Sequence[_Turn]) -> Any:
        files = {name: data for turn in turns for name, data in turn.reply.files.items()}
        try:
            return self._replayer.read(scenario_text({"turns": [turn.fields for turn in turns]}), files)
        except ScenarioError:
            return None


def _literal(exchange: Exchange, stem: str) -> WrittenReply:
    written = literal_reply(exchange, stem)
    if not exchange.cut:
        return written
    fault = {"fault": {"disconnect": {"after_bytes": len(exchange.answer)}}}
    return replace(written, fields={**written.fields, **fault})


def _digests(conversation: Conversation) -> dict[str, str]:
    """Return the digests of system text and tools of a request, as far as it has them."""
    tools = {function.name: function.arguments for function in conversation.request.functions_offered}
    system = conversation.system_text
    found = {"system": system_digest(system)} if system else {}
    return found | ({"tools": tools_digest(tools)} if tools else {})


def _request_key(turn: _Turn) -> bytes:
    tree: JSON = [turn.exchange.path, dict(turn.request.conversation.body)]
    return digest(tree)


def _is_repeat(turn: _Turn, other: _Turn) -> bool:
    """Return True if request and answer are those of another turn."""
    mine, theirs = turn.exchange, other.exchange
    same = (mine.status, mine.answer, mine.cut) == (theirs.status, theirs.answer, theirs.cut)
    return same and _request_key(turn) == _request_key(other)


def _limit_times(turns: Sequence[_Turn]) -> None:
    """Limit each turn to one answer, if a later one answers the same request."""
    later: set[bytes] = set()
    for turn in reversed(turns):
        key = _request_key(turn)
        turn.times = 1 if key in later else None
        later.add(key)


def _others(turn: _Turn, turns: Sequence[_Turn]) -> Sequence[RecordedRequest]:
    key = _request_key(turn)
    return [other.request for other in turns if _request_key(other) != key]
