"""Resolution of a turn's reply: choices drawn, file defaults applied."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec.structs import replace

from gemulator.core.plan import Failure, RawAnswer
from gemulator.core.seed import Seed, frame
from gemulator.engine.planning.plan import Script
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.captures import captured_groups
from gemulator.scenario.model import Turn, UsageFields
from gemulator.scenario.replies import (
    AnyReply,
    BlockReply,
    CandidatesReply,
    ChooseReply,
    ErrorReply,
    ForwardReply,
    LiteralReply,
    Reply,
    parts_of,
)
from gemulator.scenario.templates.variables import Variables
from gemulator.scenario.turns import LocatedTurn


def resolve_reply(
    turn: Turn, usage: UsageFields, conversation: Conversation, seed: Seed, now: float
) -> Script | Failure | RawAnswer:
    """Return the script, failure or literal answer of a turn; `usage` are the token counts of its file, `now` Unix
    seconds.

    Raise ReplyError if the templates of an error or a literal answer cannot be filled, or groups take too long to
    capture.
    """
    groups = captured_groups(turn.when.regexes, conversation) if turn.reads_groups else {}
    reply = _resolve_choice(turn.reply, seed)
    if isinstance(reply, ErrorReply):
        return reply.failure(Variables(conversation, groups, now=now, seed=seed))
    if isinstance(reply, LiteralReply):
        return reply.answer(Variables(conversation, groups, now=now, seed=seed))
    script = _script(reply, turn.finish, groups, seed)
    return replace(script, id=turn.id, created=turn.created, usage=turn.usage.with_fallback(usage))


def root_seed(seed: str, located: LocatedTurn | None, conversation: Conversation) -> Seed:
    """Return the root of all choices of an answer; None is the generated answer."""
    fingerprint = conversation.fingerprint
    return Seed.of_frame(
        _frame(seed, located.seed_key if located else b"") + b"%d:%b" % (len(fingerprint), fingerprint)
    )


_frame = lru_cache(maxsize=1024)(frame)


def forward_reply(turn: Turn, seed: Seed) -> ForwardReply | None:
    """Return the reply of the turn if it is that of the upstream."""
    reply = _resolve_choice(turn.reply, seed) if turn.may_forward else None
    return reply if isinstance(reply, ForwardReply) else None


def replies_with_error(turn: Turn, seed: Seed) -> bool:
    """Return True if the reply of the turn is an error."""
    reply = _resolve_choice(turn.reply, seed)
    return isinstance(reply, AnyReply) and reply.is_error


def _resolve_choice(reply: Reply, seed: Seed) -> Reply:
    """Return the reply drawn from nested choices of whole replies."""
    depth = 0
    while isinstance(reply, ChooseReply):
        reply = reply.pick(seed.child("option", depth))
        depth += 1
    return reply


def _script(reply: Reply, finish: str | None, groups: Mapping[str, str], seed: Seed) -> Script:
    if isinstance(reply, CandidatesReply):
        each = (
            _script(_resolve_choice(candidate, seed.child("candidate", index)), own or finish, groups, seed)
            for index, (candidate, own) in enumerate(reply.each())
        )
        return Script((), finish=finish, groups=groups, candidates=tuple(each))
    if isinstance(reply, BlockReply):
        return Script((), groups=groups, blocked=reply)
    return Script(parts_of(reply), finish=finish, groups=groups)
