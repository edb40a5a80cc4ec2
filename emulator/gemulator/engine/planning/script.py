"""From a turn that fits to what answers: chance decided, defaults of the file applied."""

from collections.abc import Mapping

from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.engine.planning.plan import Script
from gemulator.request.conversation import Conversation
from gemulator.scenario.model import Turn, UsageFields
from gemulator.scenario.replies import BlockReply, CandidatesReply, ChooseReply, ErrorReply, Reply, parts_of
from gemulator.scenario.templates.template import Template
from gemulator.scenario.templates.variables import Variables


def resolve_reply(turn: Turn, usage: UsageFields, conversation: Conversation, seed: Seed) -> Script | Failure:
    """What a turn answers. `usage` are the counts of its file. ReplyError where an error's message cannot be filled."""
    groups = turn.when.captured_groups(conversation)
    reply = _decided(turn.reply, seed)
    if isinstance(reply, ErrorReply):
        return _refused(reply, conversation, groups)
    script = _script(reply, turn.finish, groups, seed)
    return replace(script, id=turn.id, created=turn.created, usage=turn.usage.with_fallback(usage))


def _decided(reply: Reply, seed: Seed) -> Reply:
    """The reply that chance has chosen, where there is a choice of whole ones."""
    depth = 0
    while isinstance(reply, ChooseReply):
        reply = reply.pick(seed.child("option", depth))
        depth += 1
    return reply


def _script(reply: Reply, finish: str | None, groups: Mapping[str, str], seed: Seed) -> Script:
    if isinstance(reply, CandidatesReply):
        each = (
            _script(_decided(candidate, seed.child("candidate", index)), own or finish, groups, seed)
            for index, (candidate, own) in enumerate(reply.each())
        )
        return Script((), finish=finish, groups=groups, candidates=tuple(each))
    if isinstance(reply, BlockReply):
        return Script((), groups=groups, blocked=reply)
    return Script(parts_of(reply), finish=finish, groups=groups)


def _refused(reply: ErrorReply, conversation: Conversation, groups: Mapping[str, str]) -> Failure:
    written = reply.message
    said = written if written is None else Template.of(written).text(Variables(conversation, groups))
    return reply.failure(said, conversation)
