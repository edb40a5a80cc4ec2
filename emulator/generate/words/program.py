"""One programming language."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Program:
    """`names` is a pattern; in `code`, NAME is the function's name in `style` and DOC a line of text."""

    label: str
    fence: str
    names: str
    style: Literal["snake", "camel", "pascal", "kebab"]
    code: str
