"""Which models and endpoints exist, and what they can do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import translate
from functools import lru_cache
from typing import Any, Self

from emulator.pacing import AT_ONCE, Pacing
from emulator.plan import Failure
from emulator.request import Target, invalid


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of the models whose id fits `id`, a glob over `publisher/name`.

    `signs`: answers carry thought signatures. `pace` is used with `--speed realistic`; `tokens_per_chunk` is how many
    tokens the service puts into one event of a stream.
    """

    id: str
    dialect: str = "gemini"
    family: str = "gemini-2"
    signs: bool = False
    tokens_per_chunk: int = 12
    pace: Pacing = AT_ONCE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A self-deployed model: what the container behind an endpoint id speaks."""

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
    def read(cls, tree: Mapping[str, Any]) -> Self:
        """The catalog of a parsed `catalog.yaml`. ValueError names an entry that is not understood."""
        models = [_entry(Model, raw) for raw in tree.get("models") or ()]
        endpoints = [_entry(Endpoint, raw) for raw in tree.get("endpoints") or ()]
        return cls(models, endpoints)

    def extended(self, other: Self) -> Self:
        """This catalog with the entries of `other` before its own."""
        merged = type(self)([])
        merged._models = other._models + self._models
        merged._endpoints = other._endpoints + self._endpoints
        return merged

    def _card(self, model: str, target: Target) -> Model | Failure:
        """The entry for a request, or Google's refusal of its `model`."""
        if not target.shared:
            endpoint = next((entry for pattern, entry in self._endpoints if pattern.match(target.endpoint)), None)
            known = endpoint or Endpoint(target.endpoint)
            return Model(model, known.dialect, "open", False, known.tokens_per_chunk, known.pace)
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            return invalid(
                f"Malformed publisher model (`model`: '{model}') for the 'openapi' request endpoint ID;"
                " expected '<publisher>/<model>'."
            )
        return next((entry for pattern, entry in self._models if pattern.match(model)), Model(model))


def _entry(kind: type[Any], raw: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if unknown := sorted(set(raw) - known):
        raise ValueError(
            f"catalog entry {raw.get('id')!r}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}"
        )
    pace = Pacing(**raw["pace"]) if "pace" in raw else AT_ONCE
    return kind(**{**raw, "pace": pace})
