"""Expected token counts of an answer and of a session."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from gemulator.core.errors import Mismatch
from gemulator.core.plan import Usage
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.values import NumberFields, NumberTest, expected_number, number_matches
from gemulator.state.journal.entry import Entry

_COUNTS: Mapping[str, Callable[[Usage], int]] = {
    "prompt_tokens": lambda usage: usage.prompt_tokens,
    "completion_tokens": lambda usage: usage.completion_tokens,
    "reasoning_tokens": lambda usage: usage.reasoning_tokens,
    "cached_tokens": lambda usage: usage.cached_tokens,
    "total_tokens": lambda usage: usage.prompt_tokens + usage.completion_tokens + usage.reasoning_tokens,
}


class ExpectedUsage(StrictModel):
    """Token counts: a number, a list of numbers, or `at_least` and `at_most`."""

    prompt_tokens: Annotated[NumberTest | None, Field(description="Tokens of the request.")] = None
    completion_tokens: Annotated[NumberTest | None, Field(description="Tokens of the answer without thoughts.")] = None
    reasoning_tokens: Annotated[NumberTest | None, Field(description="Tokens of thoughts.")] = None
    cached_tokens: Annotated[NumberTest | None, Field(description="Cached tokens of the prompt.")] = None
    total_tokens: Annotated[NumberTest | None, Field(description="Tokens of request, answer and thoughts.")] = None

    @model_validator(mode="after")
    def _require_a_count(self) -> Self:
        if not any(self.tests()):
            raise ValueError(f"no count is expected: set one of {', '.join(f'`{name}`' for name in _COUNTS)}")
        return self

    def tests(self) -> Iterator[tuple[str, NumberTest]]:
        """Yield the counts that are expected."""
        for name in _COUNTS:
            test: NumberTest | None = getattr(self, name)
            if test is not None:
                yield name, test


def usage_mismatches(wanted: ExpectedUsage | None, usage: Usage | None) -> Iterator[Mismatch]:
    """Yield the token counts of an answer that differ; one without counts has none that fits."""
    for name, test in wanted.tests() if wanted is not None else ():
        seen = None if usage is None else _COUNTS[name](usage)
        if not number_matches(test, seen):
            yield Mismatch(f"usage.{name}", expected_number(test), "nothing" if seen is None else f"{seen}")


def usage_failures(wanted: ExpectedUsage | None, entries: Sequence[Entry], unseen: float) -> Iterator[tuple[str, bool]]:
    """Yield the sums over a session that differ; True for one that requests without an entry may decide."""
    found = [usage for entry in entries if (usage := entry.received.exchange.usage) is not None]
    for name, test in wanted.tests() if wanted is not None else ():
        total = sum(map(_COUNTS[name], found))
        message = f"expected {expected_number(test)} {name} in all, found {total:,} in {len(entries)} requests"
        if unseen and not _is_exceeded(test, total):
            yield message, True
        elif not number_matches(test, total):
            yield message, False


def _is_exceeded(test: NumberTest, total: int) -> bool:
    """Return True if a sum fails however much is added to it."""
    if isinstance(test, NumberFields):
        return test.at_most is not None and total > test.at_most
    return total > (max(test) if isinstance(test, list) else test)
