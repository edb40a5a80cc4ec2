"""Word lists written as blocks of text."""


def lines(block: str) -> tuple[str, ...]:
    """Return the non-empty lines, stripped."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def words(block: str) -> tuple[str, ...]:
    """Return the words."""
    return tuple(block.split())


def pairs(block: str) -> tuple[tuple[str, str], ...]:
    """Return the lines, each split at its bar."""
    return tuple((left.strip(), right.strip()) for left, _, right in (line.partition("|") for line in lines(block)))
