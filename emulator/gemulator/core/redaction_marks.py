"""Marks that stand in a stored text for what is not kept."""

import re

# A credential by its kind, and a medium by its size and hash.
MARK = re.compile(r"\(redacted: [^()]{1,200}\)|<[0-9]+ bytes, sha256 [0-9a-f]{64}>")


def redaction_mark(kind: str) -> str:
    """Return the mark of a credential."""
    return f"(redacted: {kind})"
