"""Steps of an answer that arrive while it is sent."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias, overload

from msgspec import Struct

from gemulator.delivery.steps import Chunk, Delivery, Step


class UpstreamEnd(Struct, frozen=True):
    """End of a request to an upstream: its name, seconds to the first byte of the body, bytes, and the error if any."""

    name: str
    first: float | None = None
    bytes: int = 0
    error: str = ""


class LiveSteps(Sequence[Step]):
    """Steps of an upstream, an empty sequence until they are played; `wait` is the time that each step took to come.

    The source sets `first`, `bytes` and `error`. At most about `limit` bytes are kept for the journal, as `seal`
    returns them.
    """

    def __init__(self, name: str, source: "LiveSource", limit: int, seal: Callable[[Delivery], Delivery]) -> None:
        self.first: float | None = None
        self.bytes = 0
        self.error = ""
        self._name = name
        self._source = source
        self._left = limit
        self._seal = seal
        self._kept: list[Step] = []
        self._is_cut = False
        self._sealed: Delivery | None = None

    def __len__(self) -> int:
        return 0

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return ()[index]

    async def play(self) -> AsyncGenerator[Step, None]:
        """Yield the steps as they come."""
        async with aclosing(self._source(self)) as steps:
            async for step in steps:
                self._keep(step)
                yield step

    def _keep(self, step: Step) -> None:
        if isinstance(step, Chunk):
            self._left -= len(step.data)
            if self._left < 0:
                self._is_cut = True
                return
        self._kept.append(step)

    @property
    def end(self) -> UpstreamEnd:
        """Return the end of the request to the upstream."""
        return UpstreamEnd(self._name, self.first, self.bytes, self.error)

    @property
    def answer(self) -> Delivery:
        """Return the answer for the journal."""
        if self._sealed is None:
            self._sealed = self._seal(Delivery(tuple(self._kept), cut=self._is_cut))
            self._kept.clear()
        return self._sealed


LiveSource: TypeAlias = Callable[[LiveSteps], AsyncGenerator[Step, None]]
