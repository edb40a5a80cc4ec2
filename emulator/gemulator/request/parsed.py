"""A parsed body in reusable parts: envelope, history, newest message."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property, reduce
from hashlib import blake2b
from operator import attrgetter, or_
from typing import Any, Self, TypeVar

import orjson
from msgspec import Raw, Struct, field
from msgspec.json import Decoder

from gemulator.core.json_types import JSON, digest
from gemulator.request.body import ChatRequest
from gemulator.request.message import Message

# Members that decide the text of an answer; the others truncate, repeat or format the same text.
_DECISIVE = {
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
_MAX_MEMOIZED = 64  # per envelope: the arguments are unbounded
_features_of = attrgetter("features")

Found = TypeVar("Found")


class Outline(Struct):
    """The messages of a body, not parsed."""

    messages: Raw


OUTLINE = Decoder(Outline)


class RequestEnvelope(Struct, eq=False, dict=True):
    """A body without its messages.

    `request` has no messages and `body` an empty list of them. Both are shared between requests and never mutated.
    `tokens` is set when first counted. `suspect` is False if it has no credentials.
    """

    request: ChatRequest
    body: Mapping[str, JSON]
    suspect: bool = True
    tokens: int | None = None
    _memo: dict[object, Any] = field(default_factory=dict)

    def memoize(self, find: Callable[..., Found], *about: Hashable) -> Found:
        """Return `find(self, *about)`, computed once. None is not cached."""
        key = (find, about)
        found: Found | None = self._memo.get(key)
        if found is None:
            if len(self._memo) >= _MAX_MEMOIZED:
                self._memo.clear()
            found = self._memo[key] = find(self, *about)
        return found

    @cached_property
    def members(self) -> frozenset[str]:
        """Names of the members present in the body."""
        return frozenset(self.body)

    @cached_property
    def tools(self) -> bytes:
        """Function declarations as JSON."""
        return orjson.dumps(self.request.tools or self.request.functions)

    @cached_property
    def tag(self) -> str | None:
        """Tag of earlier thoughts."""
        return self.request.thought_tag

    @cached_property
    def digest(self) -> bytes:
        """Digest of the members that decide the text of an answer (architecture.md, Determinism)."""
        return digest({key: value for key, value in self.body.items() if key in _DECISIVE and value is not None})


class ParsedMessage(Struct, eq=False):
    """A message and the digest of its JSON. `suspect` is False if it has no credentials.

    `tokens` is set when first counted.
    """

    message: Message
    digest: bytes
    suspect: bool = True
    tokens: int | None = None


class History(Struct, eq=False):
    """The messages before the newest. `digest` covers theirs; `features` is the union of their features.

    `tokens` is set when first counted.
    """

    parsed_messages: Sequence[ParsedMessage]
    messages: Sequence[Message]
    digest: bytes
    features: int
    suspect: bool
    tokens: int | None = None

    @classmethod
    def of(cls, parsed: Sequence[ParsedMessage]) -> Self:
        """Return the history of parsed messages."""
        messages = [one.message for one in parsed]
        joined = combine_digests([one.digest for one in parsed])
        features = reduce(or_, map(_features_of, messages), 0)
        return cls(parsed, messages, joined, features, any(one.suspect for one in parsed))


def combine_digests(digests: Sequence[bytes]) -> bytes:
    """Return one digest of several."""
    return blake2b(b"".join(digests), digest_size=16).digest()


class ParsedRequest(Struct, frozen=True, dict=True):
    """A request with its parts. `newest` is the last message, `raw` the bytes of the body."""

    request: ChatRequest
    envelope: RequestEnvelope
    history: History
    newest: ParsedMessage
    raw: bytes

    @property
    def suspect(self) -> bool:
        """Return False if no part has credentials, none of which can begin in one part and end in another."""
        return self.envelope.suspect or self.history.suspect or self.newest.suspect

    @cached_property
    def tree(self) -> dict[str, JSON]:
        """Body as sent."""
        tree: dict[str, JSON] = orjson.loads(self.raw)
        return tree

    @property
    def message_trees(self) -> Sequence[dict[str, JSON]]:
        """Messages as sent."""
        trees: Sequence[dict[str, JSON]] = orjson.loads(bytes(OUTLINE.decode(self.raw).messages))
        return trees
