"""Which models and endpoints exist, and what they can do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import translate
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from emulator.pacing import AT_ONCE, Pacing
from emulator.plan import Failure
from emulator.refusals import refused
from emulator.request import Target

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of the models whose id fits `id`, a glob over `publisher/name`.

    `guess`: the entry stands for ids that nobody has listed. `pace` is used with `--speed realistic`;
    `tokens_per_chunk` is how many tokens the service puts into one event of a stream. None and empty lists: no limit
    is known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    id: str
    dialect: str = "gemini"
    family: str = "open"
    guess: bool = False
    tokens_per_chunk: int = 12
    pace: Pacing = AT_ONCE

    # Thought signatures: whether answers carry them, and whether the first call of a step must bring its own back.
    signs: bool = False
    enforces: bool = False

    # Tokens.
    context: int | None = None
    max_output: int | None = None
    caches_from: int | None = None

    # Thinking: levels and budgets that are accepted, and what a budget of 0 does.
    levels: tuple[str, ...] = ()
    budget: tuple[int, int] | None = None
    no_budget: Literal["off", "refused", "ignored"] = "off"

    # Media: kinds that are read, kinds that are made, bytes of one picture, and whether `detail` may differ.
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    largest_image: int | None = None
    mixed_detail: bool = True

    # Parameters by their wire names: what is refused, and what is read and left without effect.
    refuses: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    prefill: bool = True
    search_with_functions: bool = True

    @property
    def google(self) -> bool:
        """Whether Gemini's own rules hold."""
        return self.family.startswith("gemini")

    @property
    def thinks(self) -> bool:
        return bool(self.levels or self.budget)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A self-deployed model: what the container behind an endpoint id speaks."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    id: str
    dialect: str = "gemini"
    tokens_per_chunk: int = 1
    pace: Pacing = AT_ONCE


class Catalog:
    """Models and endpoints by glob; the first entry that fits describes a model."""

    def __init__(self, models: Sequence[Model], endpoints: Sequence[Endpoint] = ()) -> None:
        self._models = [(re.compile(translate(model.id)), model) for model in models]
        self._endpoints = [(re.compile(translate(endpoint.id)), endpoint) for endpoint in endpoints]
        self.card = lru_cache(maxsize=1024)(self._card)

    @classmethod
    def read(cls, *trees: Mapping[str, Any]) -> Self:
        """The catalog of parsed YAML files, the first one's entries first.

        A model has all that `families` says of its family, and its own fields over that. ValueError names an entry
        that is not understood.
        """
        families = {name: raw for tree in reversed(trees) for name, raw in _part(tree, "families", dict).items()}
        models = [_entry(Model, raw, families) for tree in trees for raw in _part(tree, "models", list)]
        endpoints = [_entry(Endpoint, raw) for tree in trees for raw in _part(tree, "endpoints", list)]
        return cls(models, endpoints)

    def _card(self, model: str, target: Target) -> Model | Failure:
        """The entry for a request, or Google's refusal of its `model`."""
        if not target.shared:
            endpoint = next((entry for pattern, entry in self._endpoints if pattern.match(target.endpoint)), None)
            known = endpoint or Endpoint(target.endpoint)
            return Model(model, known.dialect, tokens_per_chunk=known.tokens_per_chunk, pace=known.pace)
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            return refused("malformed-model", model=model)
        return next((entry for pattern, entry in self._models if pattern.match(model)), Model(model, guess=True))


def _part(tree: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    part = tree.get(name) or kind()
    if not isinstance(part, kind):
        raise ValueError(f"{name!r} is a {kind.__name__} of entries, not {part!r}")
    return part


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _entry(kind: type[Kind], raw: Any, families: Mapping[str, Any] | None = None) -> Kind:
    named = raw if isinstance(raw, dict) else {}
    inherited = (families or {}).get(str(named.get("family")), {})
    try:
        adapter = _adapter(cast("Any", kind))  # a type variable is not seen to be hashable
        made: Kind = adapter.validate_python({**inherited, **named} if named else raw)
    except (TypeError, ValidationError) as error:
        reason = _reason(error.errors()[0], kind) if isinstance(error, ValidationError) else str(error)
        raise ValueError(f"catalog entry {named.get('id', raw)!r}: {reason}") from None
    return made


def _reason(first: Any, kind: type[Any]) -> str:
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "unexpected_keyword_argument" and len(first["loc"]) == 1:
        return f"unknown key {where!r}; known: {', '.join(sorted(field.name for field in fields(kind)))}"
    return f"{where}: {first['msg']}"
