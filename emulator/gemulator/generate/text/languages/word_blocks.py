"""Word lists are written as blocks of text: one entry a line, or one a word."""


def lines(block: str) -> tuple[str, ...]:
    """The lines that are not empty, without the blanks around them."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def words(block: str) -> tuple[str, ...]:
    """The words between blanks."""
    return tuple(block.split())


def pairs(block: str) -> tuple[tuple[str, str], ...]:
    """The lines, each cut at its bar."""
    return tuple((left.strip(), right.strip()) for left, _, right in (line.partition("|") for line in lines(block)))
