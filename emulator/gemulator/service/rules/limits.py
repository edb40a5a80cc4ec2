"""Which models there are, and how much fits into one request."""

from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, reads
from gemulator.service.token_usage import frame_tokens, prompt_tokens

_LARGEST_MEDIUM = 100_000  # tokens; more than any but a very long film has


def _listed(ask: RuleContext) -> Failure | None:
    if ask.card.guess:
        return refuse("model-not-found", **ask.conversation.url_names)
    return None


def _window(ask: RuleContext) -> Failure | None:
    limit = ask.card.context
    if limit is None or _surely_fits(ask, limit):
        return None
    tokens = prompt_tokens(ask.conversation, ask.card)
    return None if tokens <= limit else refuse("too-many-tokens", count=tokens, limit=limit)


def _surely_fits(ask: RuleContext, limit: int) -> bool:
    """A bound that costs nearly nothing: no token of a text is shorter than a byte."""
    unseen = sum(_LARGEST_MEDIUM for _ in ask.conversation.parts) if ask.conversation.media else 0
    return ask.size + unseen + frame_tokens(ask.frame) <= limit


LISTED = Rule(
    "listed",
    "§6 Publisher Model … was not found (only under --models catalog)",
    _listed,
    partners=True,
    enabled_if=lambda policy: policy.listed_only,
)
WINDOW = Rule("context-window", "§6 The input token count (X) exceeds the maximum", _window, reads("messages"))
