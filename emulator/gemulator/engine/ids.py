"""Ids and signatures of an answer, with a slot for each."""

from collections.abc import Callable
from typing import NamedTuple

from gemulator.core.seed import Seed
from gemulator.dialects import Dialect
from gemulator.request.conversation import Conversation

_MIN_ID_LENGTH = 8  # TGI's empty id and its "0" are constants, and would match all over the text


class IdSlot(NamedTuple):
    """An id (new for each attempt) or a signature (new for each request), made from the seed at `suffix`."""

    suffix: bytes
    make: Callable[[Seed, int], str]

    def value(self, seed: Seed, created: int = 0) -> bytes:
        """Return the bytes for a parent seed."""
        return self.make(Seed(seed.path + self.suffix), created).encode()


class IdFactory:
    """Makes the ids of the first attempt and the signatures, and records a slot for each."""

    def __init__(
        self, dialect: Dialect, root: Seed, sign: Callable[[str, Seed], str], created: int, calls: int
    ) -> None:
        self._dialect = dialect
        self._root = root
        self._sign = sign
        self._calls = calls
        self.attempt = root.child("attempt", 0)
        self.created = created
        self.slots: list[IdSlot] = []
        self.values: list[bytes] = []
        self.signature_slots: list[IdSlot] = []
        self.signature_values: list[bytes] = []

    def response_id(self) -> str:
        return self._add(self.attempt.child("id"), self._dialect.response_id)

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        number = self._calls
        self._calls += 1
        return self._add(seed, lambda own, created: self._dialect.call_id(own, name, number))

    def _add(self, seed: Seed, make: Callable[[Seed, int], str]) -> str:
        value = make(seed, self.created)
        if len(value) < _MIN_ID_LENGTH:
            return value
        self.slots.append(IdSlot(seed.path.removeprefix(self.attempt.path), make))
        self.values.append(value.encode())
        return value

    def sign_call(self, name: str, seed: Seed) -> str | None:
        """Sign a call; texts and media have no name and stay unsigned."""
        return self.sign(name, seed) if name else None

    def sign(self, name: str, seed: Seed) -> str:
        signature = self._sign(name, seed)
        suffix = seed.path.removeprefix(self._root.path)
        self.signature_slots.append(IdSlot(suffix, lambda own, _: self._sign(name, own)))
        self.signature_values.append(signature.encode())
        return signature


def call_count(conversation: Conversation) -> int:
    """Return the number of calls in the history."""
    return sum(len(message.calls) for message in conversation.request.messages) if conversation.has_tool_calls else 0
