"""Model of a programming language."""

from typing import Literal

from msgspec import Struct


class Program(Struct, frozen=True):
    """A programming language. `names` is a pattern; in `code`, NAME is the function's name in `style` and DOC a line of text."""

    label: str
    fence: str
    names: str
    style: Literal["snake", "camel", "pascal", "kebab"]
    code: str
