"""HTTP headers: text outside, bytes inside."""

from collections.abc import Iterator, Mapping
from typing import Self


class Headers(Mapping[str, str]):
    """View of headers as text, by case-insensitive name.

    `raw` has lower-case names, as ASGI delivers them; values are latin-1. Text is only decoded when it is read.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: Mapping[bytes, bytes]) -> None:
        self.raw = raw

    @classmethod
    def from_text(cls, headers: Mapping[str, str]) -> Self:
        """Return headers given as text. Characters outside latin-1 become `?`."""
        return cls({_encode(name.lower()): _encode(value) for name, value in headers.items()})

    def __getitem__(self, name: str) -> str:
        return self.raw[_encode(name.lower())].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


def _encode(text: str) -> bytes:
    return text.encode("latin-1", "replace")
