"""Work limit of the templates of one answer."""

from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON

MAX_WORK = 20_000_000
EXPRESSION = 10  # beside the characters that it reads and writes
_ITEM = 20  # an item of a list takes as long as so many characters


class Work:
    """Characters and items that templates may still read and write, and the number of random values so far."""

    __slots__ = ("_draws", "_left")

    def __init__(self, limit: int = MAX_WORK) -> None:
        self._left = limit
        self._draws = 0

    def count_draw(self) -> int:
        """Count a random value and return its number."""
        self._draws += 1
        return self._draws

    def spend(self, amount: int) -> None:
        """Count work. Raise ReplyError if the limit is passed."""
        self._left -= amount
        if self._left < 0:
            raise ReplyError(
                f"the templates of this answer read and write more than {MAX_WORK:,} characters:"
                " use fewer expressions and filters, or shorter values"
            )

    def spend_on_items(self, items: int) -> None:
        """Count items that are read one by one."""
        self.spend(items * _ITEM)

    def spend_on(self, value: JSON) -> None:
        """Count the characters of a text, or the items of a list or mapping."""
        self.spend(len(value) if isinstance(value, str | list | dict) else 1)
