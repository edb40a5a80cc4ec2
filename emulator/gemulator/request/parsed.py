"""A body that was read, in the parts in which it comes again: frame, history, and the newest message."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property, reduce
from hashlib import blake2b
from operator import attrgetter, or_
from typing import Any, Self, TypeVar

import orjson
from msgspec import Struct, field

from gemulator.core.json_types import JSON, digest
from gemulator.request.body import ChatRequest
from gemulator.request.message import Message

# What a model would see beside messages; all else cuts, repeats or formats the same words.
_SEEN = {
    "model",
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "response_format",
    "modalities",
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
}
_NOTES = 64  # of one frame: what they are about may differ without end
_held = attrgetter("holds")

Found = TypeVar("Found")


class RequestEnvelope(Struct, frozen=True, eq=False, dict=True):
    """A body beside its messages: what a client sends with each of them.

    `request` has no messages, `body` an empty list of them. Nobody changes them: they are the next request's too.
    """

    request: ChatRequest
    body: Mapping[str, JSON]
    _noted: dict[object, Any] = field(default_factory=dict)

    def memoize(self, find: Callable[..., Found], *about: Hashable) -> Found:
        """What `find` says of this frame and `about`: what is not None is asked for once."""
        key = (find, about)
        found: Found | None = self._noted.get(key)
        if found is None:
            if len(self._noted) >= _NOTES:
                self._noted.clear()
            found = self._noted[key] = find(self, *about)
        return found

    @cached_property
    def members(self) -> frozenset[str]:
        """The names in the body."""
        return frozenset(self.body)

    @cached_property
    def tools(self) -> bytes:
        """The declarations of functions as JSON."""
        return orjson.dumps(self.request.tools or self.request.functions)

    @cached_property
    def tag(self) -> str | None:
        """The tag in which earlier thoughts stand."""
        return self.request.thought_tag

    @cached_property
    def digest(self) -> bytes:
        """Of what decides the words of an answer (architecture.md, Determinism)."""
        return digest({key: value for key, value in self.body.items() if key in _SEEN and value is not None})


class ParsedMessage(Struct, eq=False):
    """A message with the digest of its JSON. `tokens` is noted by whoever counts them first."""

    message: Message
    digest: bytes
    tokens: int | None = None


class History(Struct, eq=False):
    """The messages before the newest. `digest` is made of theirs; `holds`: what is in any of them.

    `tokens` is noted as in `Said`.
    """

    said: Sequence[ParsedMessage]
    messages: Sequence[Message]
    digest: bytes
    features: int
    tokens: int | None = None

    @classmethod
    def of(cls, said: Sequence[ParsedMessage]) -> Self:
        """These messages, looked at."""
        messages = [one.message for one in said]
        return cls(said, messages, combine_digests([one.digest for one in said]), reduce(or_, map(_held, messages), 0))


def combine_digests(digests: Sequence[bytes]) -> bytes:
    """One digest of several."""
    return blake2b(b"".join(digests), digest_size=16).digest()


class ParsedRequest(Struct, frozen=True, dict=True):
    """A request with the parts that it was made of. `newest` is its last message, `raw` the bytes of its body."""

    request: ChatRequest
    envelope: RequestEnvelope
    history: History
    newest: ParsedMessage
    raw: bytes

    @cached_property
    def tree(self) -> dict[str, JSON]:
        """The body as it was sent."""
        tree: dict[str, JSON] = orjson.loads(self.raw)
        return tree
