"""Bounds of whole numbers that users write."""

MAX_COUNT = 2**53 - 1
"""Largest number that JavaScript, the Lua of Redis and sums of 64 bits keep exactly."""

MAX_CHUNK = 1_000_000
"""Largest size of a chunk, in characters, words or tokens."""
