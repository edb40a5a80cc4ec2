"""Return of freed memory to the system."""

import sys
from threading import Thread

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # parameters of glibc's `mallopt`
_LARGE = 262_144  # bytes of a buffer that is returned when it is freed
_MOST_KEPT = 1_048_576  # bytes at the end of the heap


def return_freed_memory() -> None:
    """Have glibc return large buffers when they are freed, in a process that is a server only.

    By default it keeps buffers of the size of any that was freed before, up to 32 MB, among small ones. The memory of a
    server that now and then reads or writes some megabytes grows by that. In a thread, because the import takes 2 ms.
    """
    if sys.platform == "linux":
        Thread(target=set_limits, daemon=True).start()


def set_limits() -> None:
    """Set the limits of glibc; without effect in other C libraries."""
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _MOST_KEPT)
