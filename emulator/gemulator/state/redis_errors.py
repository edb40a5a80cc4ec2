"""Errors of Redis by effect: outage or unusable data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from gemulator.core.urls import redact_urls
from gemulator.state.store import StoreDataError, StoreDown, StoreError

PREFIX = "gemulator:"  # of all keys
_OWN_DATABASE = "Give gemulator a database of its own (--store redis://HOST:PORT/DB), or delete this key."
# Answers to a command that the server refuses whoever sends it: pattern, reason and remedy.
_REFUSALS = tuple(
    (re.compile(pattern), reason, remedy)
    for pattern, reason, remedy in (
        (
            r"\bOOM\b|maxmemory",
            "the store has no memory left",
            "Raise `maxmemory` of the Redis server, or delete sessions (DELETE /__emulator/sessions/NAME).",
        ),
        (
            r"\bREADONLY\b|read.only replica",
            "the store is a read-only replica",
            "Set --store to the primary. After a failover gemulator reconnects by itself.",
        ),
        (r"\bMISCONF\b", "the store cannot save to its disk", "Read the log of the Redis server."),
        (
            r"\b(?:NOAUTH|NOPERM|WRONGPASS)\b|username-password|Authentication required|no permissions|user executing",
            "the store does not admit gemulator",
            "Correct user and password in --store, or the rights of the user.",
        ),
    )
)
_MARKED = re.compile(r"\bDATA (session|store) (\S+) (.*)", re.S)  # by redis.lua: owner, key and reason
_WRONG_VALUE = re.compile(r"WRONGTYPE|wrong kind of value|not an integer|overflow|user_script|stream")


class UnusableData(Exception):
    """Raised if a key has a value that gemulator did not write."""


# Reading a value of another program ends in one of these.
_UNUSABLE = (UnusableData, ValueError, TypeError, LookupError)


def refusal(error: Exception) -> StoreError | UnusableData:
    """Return the exception for an error that the server answered."""
    text = str(error)
    if found := _MARKED.search(text):
        owner, name, reason = found.groups()
        return UnusableData(f"{name}: {reason}") if owner == "session" else foreign_key(name, reason)
    known = _refusal(text)
    if known is not None:
        return known
    if _WRONG_VALUE.search(text):
        return UnusableData(text)
    return StoreDown(f"the store refuses a command: {text}", "gemulator needs Redis 6.2 or Valkey, no cluster.")


def _refusal(text: str) -> StoreDown | None:
    for pattern, reason, remedy in _REFUSALS:
        if pattern.search(text):
            return StoreDown(f"{reason}: {text}", remedy)
    return None


def foreign_key(name: str, reason: str) -> StoreDown:
    """Return the exception for an unusable key of all sessions."""
    return StoreDown(f"the key {PREFIX}{name} of the store is not gemulator's: {reason}", _OWN_DATABASE)


def no_response(error: Exception) -> StoreDown:
    """Return the exception for a server that does not respond."""
    text = redact_urls(str(error)) or type(error).__name__
    return _refusal(text) or StoreDown(f"the store does not respond: {text}")


@contextmanager
def session_data(session: str) -> Iterator[None]:
    """Raise StoreDataError for a value of the session that gemulator did not write."""
    try:
        yield
    except _UNUSABLE as error:
        raise StoreDataError(session, str(error)) from error


@contextmanager
def global_data(name: str) -> Iterator[None]:
    """Raise StoreDown for a value of all sessions that gemulator did not write."""
    try:
        yield
    except _UNUSABLE as error:
        raise foreign_key(name, str(error)) from error
