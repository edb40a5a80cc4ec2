"""Findings about requests and answers that a verdict cannot judge."""

from collections.abc import Iterator, Sequence

from gemulator.server.admin.evidence import Knobs
from gemulator.state.journal.entry import Entry
from gemulator.state.verdict import Finding

KIND = "not judged"
NO_KEYS = "Use dummy keys in tests, and send the request again."


def cut_body(known: Knobs) -> tuple[str, str]:
    """Return message and advice about a body that the journal cut."""
    limit = known.settings.journal_body
    advice = known.raise_("journal_body")
    return f"the journal cut the body at {limit:,} bytes", f"{advice[0].upper()}{advice[1:]}; send the request again."


def unjudged(entries: Sequence[Entry], known: Knobs) -> Iterator[Finding]:
    """Yield findings about entries whose request or answer is cut."""
    cut = [one.number for one in entries if one.received.exchange.body.cut and one.received.exchange.body.size]
    if cut:
        yield Finding(KIND, tuple(cut), *cut_body(known))
    answers = [one.number for one in entries if one.received.delivery.cut]
    if answers:
        _, advice = cut_body(known)
        message = f"the journal cut the answer at {known.settings.journal_body:,} bytes"
        yield Finding(KIND, tuple(answers), message, advice)


def missing_entries(gaps: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding about requests that have no entry."""
    for reason in gaps:
        yield Finding(KIND, (), reason, "What the journal does not have is not judged.")
