"""Marks that stand in a stored text for what is not kept."""

import re

_MEDIUM = r"<[0-9]+ bytes, sha256 [0-9a-f]{64}>"
MEDIUM_MARK = re.compile(_MEDIUM)  # by size and hash
MARK = re.compile(rf"\(redacted: [^()]{{1,200}}\)|{_MEDIUM}")  # of a credential, by its kind, or of a medium


def redaction_mark(kind: str) -> str:
    """Return the mark of a credential."""
    return f"(redacted: {kind})"
