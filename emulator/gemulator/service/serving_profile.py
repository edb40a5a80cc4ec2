"""Serving profile of a model: catalog data for its dialect."""

from typing import Literal, TypeAlias

from msgspec import Struct

Thinks: TypeAlias = Literal["always", "on", "off", "never", "written"]
Version: TypeAlias = Literal["current", "0.10", "0.6", "2"]  # of vLLM; 2 is TGI's
ThoughtPlacement: TypeAlias = Literal["field", "tags", "bare", "hidden"]


class ServingProfile(Struct, frozen=True):
    """Server settings of one model. A dialect ignores settings that its server does not have.

    `served` is the server's own name for the model; with `only_served` it refuses other names. `version` selects the
    release whose format is emulated, `fingerprint` its `system_fingerprint`, `context` the window in tokens.

    `thinks`: `always`, `never`, or `on` or `off` by default unless one of `switches` in `chat_template_kwargs` is set.
    `written` is like `off`, but keeps the thoughts of a scenario. `thoughts` is their position: a field of their own,
    between `<think>` tags in the content, in the content before a bare `</think>`, or hidden. `efforts` lists the
    accepted values of `reasoning_effort`; if empty, any value is accepted and has no effect.

    `call_ids`: `random`, or `numbered` as `functions.NAME:INDEX`. The rest is for partner models: `shape` is the body
    format, `matched_stop` the id of the end token, `weights` adds the version of the weights to `metadata`,
    `counts_reasoning` adds `reasoning_tokens` to usage.
    """

    served: str = ""
    only_served: bool = False
    version: Version = "current"
    fingerprint: str = ""
    context: int | None = None
    thinks: Thinks = "written"
    switches: tuple[str, ...] = ("enable_thinking", "thinking")
    thoughts: ThoughtPlacement = "field"
    efforts: tuple[str, ...] = ()
    call_ids: Literal["random", "numbered"] = "random"
    shape: Literal["thin", "sglang", "grok"] = "thin"
    matched_stop: int | None = None
    weights: bool = True
    counts_reasoning: bool = True


DEFAULT_PROFILE = ServingProfile()
