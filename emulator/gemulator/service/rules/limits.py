"""Rules for listed models and the context window."""

from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.service.locations import LOCATIONS
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires
from gemulator.service.token_usage import envelope_tokens, prompt_tokens

_MAX_MEDIUM_TOKENS = 100_000  # only a very long video has more


def _listed(context: RuleContext) -> Failure | None:
    if context.model.is_fallback:
        cause = f"the catalog does not list {context.request.model}"
        remedy = "use a listed model, add it with --catalog FILE, or start gemulator with --models any"
        return replace(_not_served(context), cause=cause, remedy=remedy)
    return None


def _location(context: RuleContext) -> Failure | None:
    if context.conversation.target.location not in LOCATIONS:
        return None
    if _serves(context) != "no":
        return None
    served = ", ".join(context.model.locations)
    return replace(_not_served(context), remedy=f"use a location that serves it ({served}), or another model")


def _unsure_location(context: RuleContext) -> Failure | None:
    if _serves(context) != "unsure" or context.conversation.target.location not in LOCATIONS:
        return None
    location = context.conversation.target.location
    cause = f"sources disagree about location {location}: the service may not serve the model there"
    return replace(_not_served(context), cause=cause)


def _unknown_location(context: RuleContext) -> Failure | None:
    location = context.conversation.target.location
    if location in LOCATIONS or location in context.model.locations:
        return None
    cause = f"location {location!r} is not one of the service's"
    return replace(_not_served(context), cause=cause, remedy="write a location of the service, like global")


def _serves(context: RuleContext) -> str:
    return context.model.serves(context.conversation.target.location)


def _not_served(context: RuleContext) -> Failure:
    return refuse("model-not-found", **context.conversation.url_names)


def _window(context: RuleContext) -> Failure | None:
    limit = context.model.context
    if limit is None:
        return None
    # Usually the size of the body proves that it fits: a token of text has at least one byte.
    media = sum(_MAX_MEDIUM_TOKENS for _ in context.conversation.parts) if context.conversation.media else 0
    if context.size + media + envelope_tokens(context.envelope) <= limit:
        return None
    tokens = prompt_tokens(context.conversation, context.model)
    return None if tokens <= limit else refuse("too-many-tokens", count=tokens, limit=limit)


LISTED = Rule(
    "listed",
    "§6 Publisher Model … was not found (only under --models catalog)",
    _listed,
    partners=True,
    enabled_if=lambda policy: policy.listed_only,
    strictness="lenient",
)
LOCATION_RULES = (
    Rule("location", "§18.1, 18.2, 18.5, 18.6 a model that a location does not serve", _location, partners=True),
    Rule("unsure-location", "§18.3, 18.4", _unsure_location, partners=True, strictness="strict"),
    Rule(
        "unknown-location", "§18.8 the service has 48 locations", _unknown_location, partners=True, strictness="strict"
    ),
)
WINDOW = Rule("context-window", "§6 The input token count (X) exceeds the maximum", _window, requires("messages"))
