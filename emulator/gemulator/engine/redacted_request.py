"""Texts about a request, without its credentials."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gemulator.core.credentials import Redactor
from gemulator.core.errors import Mismatch, NearMiss, RequestError
from gemulator.engine.prepare import PreparedRequest
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.state.journal.body import Body


def redacted_conversation(conversation: Conversation, body: Body) -> Conversation:
    """Return a request as its texts are shown: messages shorten them, so that a part of a credential might be left."""
    if not body.redacted:
        return conversation
    try:
        return Conversation(parse(body.data), conversation.target, conversation.headers)
    except RequestError:  # the body is cut
        return conversation


def shown_near_misses(prepared: PreparedRequest, body: Body, redactor: Redactor) -> Sequence[NearMiss]:
    """Return the turns that nearly match a request."""
    shown = redacted_conversation(prepared.conversation, body)
    found = prepared if shown is prepared.conversation else replace(prepared, conversation=shown)
    return redact_near_misses(found.nearest, redactor)


def redact_near_misses(nearest: Iterable[NearMiss], redactor: Redactor) -> Sequence[NearMiss]:
    """Return near misses without credentials."""
    return [
        NearMiss(
            near.where,
            tuple(
                Mismatch(one.name, redactor.text(one.expected), redactor.text(one.actual), redactor.text(one.note))
                for one in near.mismatches
            ),
        )
        for near in nearest
    ]
