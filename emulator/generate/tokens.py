"""temp"""


def count(text: str) -> int:
    return -(-len(text) // 4)


def pieces(text: str, n: int) -> list[str]:
    return [text[i : i + 4 * n] for i in range(0, len(text), 4 * n)]


def image_tokens(family: str, resolution: str | None, width: int, height: int) -> int:
    return 258
