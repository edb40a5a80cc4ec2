"""URLs in messages, without their passwords."""

import re

from gemulator.core.secrets import REDACTED

_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,20})://(\S*)")


def redact_url(url: str) -> str:
    """Return the URL without user, password and query; text without any of them is returned as it is.

    Also right for URLs that cannot be parsed, as with an unescaped `/` in the password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url.rpartition("@")[2]
    before, _, query = rest.partition("?")
    if "@" in query:  # a password with a `?`, or one in the query: it is not known where the host begins
        return f"{scheme}://{REDACTED}"
    return f"{scheme}://{before.rpartition('@')[2]}"


def redact_urls(text: str) -> str:
    """Return the text with each URL redacted that has a user, a password or a query."""
    return _URL.sub(lambda found: redact_url(found[0]), text) if "://" in text else text
