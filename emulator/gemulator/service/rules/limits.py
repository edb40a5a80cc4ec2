"""Rules for listed models and the context window."""

from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires
from gemulator.service.token_usage import envelope_tokens, prompt_tokens

_MAX_MEDIUM_TOKENS = 100_000  # only a very long video has more


def _listed(context: RuleContext) -> Failure | None:
    if context.model.is_fallback:
        return refuse("model-not-found", **context.conversation.url_names)
    return None


def _window(context: RuleContext) -> Failure | None:
    limit = context.model.context
    if limit is None or _fits_by_bytes(context, limit):
        return None
    tokens = prompt_tokens(context.conversation, context.model)
    return None if tokens <= limit else refuse("too-many-tokens", count=tokens, limit=limit)


def _fits_by_bytes(context: RuleContext, limit: int) -> bool:
    """Return True if the size of the body proves that it fits: a token of text has at least one byte."""
    media = sum(_MAX_MEDIUM_TOKENS for _ in context.conversation.parts) if context.conversation.media else 0
    return context.size + media + envelope_tokens(context.envelope) <= limit


LISTED = Rule(
    "listed",
    "§6 Publisher Model … was not found (only under --models catalog)",
    _listed,
    partners=True,
    enabled_if=lambda policy: policy.listed_only,
    strictness="lenient",
)
WINDOW = Rule("context-window", "§6 The input token count (X) exceeds the maximum", _window, requires("messages"))
