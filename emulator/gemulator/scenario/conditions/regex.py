"""RE2 regular expressions: linear time, safe for patterns of users."""

import re
from functools import lru_cache
from typing import Any

# Constructs of other engines that RE2 does not support.
_UNSUPPORTED = (
    (r"\(\?[=!]", "look-ahead"),
    (r"\(\?<[=!]", "look-behind"),
    (r"\\[1-9]|\(\?P=", "a back-reference"),
    (r"\(\?>", "an atomic group"),
    (r"[*+?}]\+", "a possessive quantifier"),
    (r"\(\?\(", "a conditional group"),
)

SPACES = r"[\s\pZ\x{0b}\x{1c}-\x{1f}\x{85}]+"  # white space as str.split has it


@lru_cache(maxsize=4096)
def compile_regex(pattern: str) -> Any:
    """Return the compiled pattern. Raises ValueError naming the unsupported construct."""
    import re2  # slow to import, and few scenarios need it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"invalid regular expression: {_reason(pattern, error)}") from None


_MAX_CAPTURING = 10  # groups; more make each character of a match several times as expensive
_GROUP_NAME = re.compile(r"(\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*+\]?)|\(\?P?<\w+>", re.S)


@lru_cache(maxsize=4096)
def compile_test(pattern: str) -> Any:
    """Return a compiled pattern that only tells if it matches: without its groups, if there are many."""
    compiled = compile_regex(pattern)
    if compiled.groups <= _MAX_CAPTURING:
        return compiled
    import re2

    options = re2.Options()
    options.never_capture = True  # except of named groups
    return re2.compile(_GROUP_NAME.sub(lambda found: found[1] or "(", pattern), options)


def quote_regex(text: str) -> str:
    """Return the pattern of a literal text."""
    import re2

    return str(re2.escape(text))


def quote_spaced(text: str) -> str:
    """Return the pattern of a literal text with any amount of white space where it has some."""
    if text.isspace():
        return SPACES
    before, after = SPACES * text[:1].isspace(), SPACES * text[-1:].isspace()
    return f"{before}{SPACES.join(map(quote_regex, text.split()))}{after}"


def _reason(pattern: str, error: Exception) -> str:
    for written, name in _UNSUPPORTED:
        found = re.search(written, pattern)
        if found:
            return f"`{found[0]}` is {name}, which RE2 does not support"
    message = error.args[0]
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)


def validate_regex(pattern: str | None) -> str | None:
    """Pydantic validator: return the pattern. Raises ValueError if it is not supported."""
    if pattern is not None:
        compile_regex(pattern)
    return pattern
