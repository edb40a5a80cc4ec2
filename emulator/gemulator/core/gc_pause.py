"""Pause of garbage collection while many lasting objects are created."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 50_000  # objects; collections of fewer take a few milliseconds


@contextmanager
def gc_paused(*, freeze: bool = False) -> Iterator[None]:
    """Disable garbage collection. With `freeze`, exempt the objects from all later collections if there are many.

    A collection stops every thread, and takes half a second among the objects of 20,000 turns, of which it frees none.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if freeze and gc.get_count()[0] > _MANY:
            gc.freeze()
        if was_enabled:
            gc.enable()
