"""What an author can have answered: one class a kind, and the union of them."""

from emulator.scenario.replies.calls import CallReply
from emulator.scenario.replies.media import AudioReply, ImageReply
from emulator.scenario.replies.part import Context, ReplyPart, Written
from emulator.scenario.replies.refusing import BlockReply, ErrorReply
from emulator.scenario.replies.structured import JsonReply
from emulator.scenario.replies.union import (
    KINDS,
    PARTS,
    WHOLE,
    CandidatesReply,
    ChooseReply,
    Reply,
    leaves,
    parts_of,
    texts_of,
)
from emulator.scenario.replies.words import LoremReply, MarkdownReply, TextReply, ThinkingReply

__all__ = [
    "KINDS",
    "PARTS",
    "WHOLE",
    "AudioReply",
    "BlockReply",
    "CallReply",
    "CandidatesReply",
    "ChooseReply",
    "Context",
    "ErrorReply",
    "ImageReply",
    "JsonReply",
    "LoremReply",
    "MarkdownReply",
    "Reply",
    "ReplyPart",
    "TextReply",
    "ThinkingReply",
    "Written",
    "leaves",
    "parts_of",
    "texts_of",
]
