"""Grammars whose texts or costs would take endless work: refused, or sampled as far as they go."""

from typing import Any

import pytest

from gemulator.core.budget import Budget, BudgetExceeded
from gemulator.core.seed import Seed
from gemulator.generate.grammar import BadGrammar, read_grammar, sample
from tests.endpoint import Endpoint, user


class Content:
    """Content without a prompt."""

    def words(self, seed: Seed) -> str:
        return "some words"

    def find_mentioned(self, texts: object) -> None:
        return None


def sampled(text: str, budget: Budget | None = None) -> str:
    return sample(read_grammar(text), Content(), Seed.root("test", "0"), budget)  # type: ignore[arg-type]


def doubling(first: str, step: str, last: str, levels: int = 60) -> str:
    return "\n".join([first, *(step.format(level, level + 1) for level in range(levels)), last.format(levels)])


@pytest.mark.parametrize("number", [10**3, 10**8])
def test_repetitions_of_nothing_are_few(number: int) -> None:
    assert sampled(f'root ::= ("" | "") {{{number}}}') == ""


@pytest.mark.parametrize("digits", [10, 5_000])
@pytest.mark.parametrize("grammar", ['root ::= "a"{{{}}}', 'start: "a"~{}', 'root ::= x{{{}}}\nx ::= ""'])
def test_numbers_of_many_digits_are_refused(grammar: str, digits: int) -> None:
    with pytest.raises(BadGrammar, match="a number of more than 9 digits"):
        read_grammar(grammar.format("1" * digits))


@pytest.mark.parametrize(
    "grammar",
    [
        doubling("root ::= r0", 'r{0} ::= r{1} "" | r{1}', 'r{} ::= "a"'),
        doubling('%ignore R0\nstart: "a"', "R{0}: R{1} | R{1}", 'R{}: "b"'),
    ],
)
def test_rules_that_double_are_visited_once(grammar: str) -> None:
    assert sampled(grammar) == "a"


def test_rules_that_multiply_the_text_are_refused() -> None:
    with pytest.raises(BadGrammar, match="no finite text"):
        read_grammar(doubling("root ::= r0", "r{0} ::= r{1} r{1}", 'r{} ::= "a"'))


def test_a_sample_ends_with_the_work_limit() -> None:
    grammar = 'root ::= "a"{90000}'
    assert len(sampled(grammar)) >= 90_000
    with pytest.raises(BudgetExceeded):
        sampled(grammar, Budget(1_000))


def test_a_long_grammar_is_refused() -> None:
    with pytest.raises(BadGrammar, match="reads at most 200,000"):
        read_grammar("root ::= " + '"a" ' * 60_000)


@pytest.mark.slow
def test_all_answers_share_one_work_limit() -> None:
    fields: dict[str, Any] = {"structured_outputs": {"grammar": 'root ::= "a"{30000}'}}
    assert Endpoint().ask(messages=[user()], endpoint="123", n=2, **fields).status == 200
    refused = Endpoint().ask(messages=[user()], endpoint="123", n=8, **fields)
    assert refused.status == 400
    assert "within the work limit" in refused.text
