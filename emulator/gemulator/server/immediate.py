"""Coroutines that run without a task until they first wait (docs/decisions/008-answers-begun-without-a-task.md)."""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Suspended(Generic[Value]):
    """A coroutine that waits for a future; a task that awaits this continues it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Value], waited: Any) -> None:
        self._coroutine = coroutine
        self._waited = waited

    def __await__(self) -> Generator[Any, Any, Value]:
        waited = self._waited
        try:
            while True:
                try:
                    sent = yield waited
                except BaseException as error:
                    waited = self._coroutine.throw(error)
                else:
                    waited = self._coroutine.send(sent)
        except StopIteration as done:
            value: Value = done.value
            return value


def start(coroutine: Coroutine[Any, Any, Value]) -> "Value | Suspended[Value]":
    """Run a coroutine until it first waits; return its result if it never does."""
    try:
        waited = coroutine.send(None)
    except StopIteration as done:
        value: Value = done.value
        return value
    return Suspended(coroutine, waited)
