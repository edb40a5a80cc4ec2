"""How the server of one model words its answers: data of the catalog, read by its dialect."""

from typing import Literal, TypeAlias

from msgspec import Struct

Thinks: TypeAlias = Literal["always", "on", "off", "never", "written"]
Version: TypeAlias = Literal["current", "0.10", "0.6", "2"]  # of vLLM; 2 is TGI's
Placement: TypeAlias = Literal["field", "tags", "bare", "hidden"]


class ServingProfile(Struct, frozen=True):
    """What a dialect must know of a model. A dialect ignores what means nothing to its server.

    `served` is the server's own name for the model; with `only_served` it refuses other names. `version` is the
    release whose shapes are spoken, `fingerprint` its `system_fingerprint`, `context` the window in tokens.

    `thinks`: `always`; `on` or `off` by default, until one of `switches` in `chat_template_kwargs` says otherwise;
    `never`; `written`: as `off`, but thoughts that an author wrote are kept. `thoughts` says where they stand: in a
    field of their own, between `<think>` tags in the content, before a bare `</think>` there, or nowhere. `efforts`
    are the values of `reasoning_effort` that the model knows; none: not refused, without effect.

    `call_ids`: `random`, or `numbered` as `functions.NAME:INDEX`. The rest is for partner models: `shape` is the
    family of bodies, `matched_stop` the id of the token that ends an answer, `weights` whether `metadata` names their
    version, `counts_reasoning` whether usage has `reasoning_tokens`.
    """

    served: str = ""
    only_served: bool = False
    version: Version = "current"
    fingerprint: str = ""
    context: int | None = None
    thinks: Thinks = "written"
    switches: tuple[str, ...] = ("enable_thinking", "thinking")
    thoughts: Placement = "field"
    efforts: tuple[str, ...] = ()
    call_ids: Literal["random", "numbered"] = "random"
    shape: Literal["thin", "sglang", "grok"] = "thin"
    matched_stop: int | None = None
    weights: bool = True
    counts_reasoning: bool = True


PLAIN = ServingProfile()
