"""Kinds of replies, and their union."""

from gemulator.scenario.replies.any_reply import (
    KINDS,
    PARTS,
    WHOLE,
    CandidatesReply,
    ChooseReply,
    Reply,
    leaves,
    parts_of,
    templates_of,
)
from gemulator.scenario.replies.error import BlockReply, ErrorReply
from gemulator.scenario.replies.forward import ForwardReply
from gemulator.scenario.replies.json_reply import JsonReply
from gemulator.scenario.replies.literal import BodyReply, EventsReply, LiteralReply
from gemulator.scenario.replies.media import AudioReply, ImageReply
from gemulator.scenario.replies.reply import AnyReply, Context, ReplyPart
from gemulator.scenario.replies.text import LoremReply, MarkdownReply, TextReply, ThinkingReply
from gemulator.scenario.replies.tool_call import CallReply

__all__ = [
    "KINDS",
    "PARTS",
    "WHOLE",
    "AnyReply",
    "AudioReply",
    "BlockReply",
    "BodyReply",
    "CallReply",
    "CandidatesReply",
    "ChooseReply",
    "Context",
    "ErrorReply",
    "EventsReply",
    "ForwardReply",
    "ImageReply",
    "JsonReply",
    "LiteralReply",
    "LoremReply",
    "MarkdownReply",
    "Reply",
    "ReplyPart",
    "TextReply",
    "ThinkingReply",
    "leaves",
    "parts_of",
    "templates_of",
]
