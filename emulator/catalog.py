"""Which models and endpoints exist, and what they can do."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import translate
from functools import lru_cache
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from emulator.pacing import AT_ONCE, Pacing
from emulator.plan import Failure
from emulator.request import Target, invalid
from emulator.seed import Seed
from emulator.voice import PLAIN, Voice


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
    voice: Voice = PLAIN


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A self-deployed model: what the container behind the endpoint ids that fit the glob `id` speaks.

    `location`: None, if it is everywhere. A `dedicated` one answers on its own host name only.
    """

    id: str
    dialect: str = "vllm"
    location: str | None = None
    dedicated: bool = False
    tokens_per_chunk: int = 1
    pace: Pacing = AT_ONCE
    voice: Voice = PLAIN


class Catalog:
    """Models and endpoints by glob; the first entry that fits describes a model."""

    def __init__(self, models: Sequence[Model], endpoints: Sequence[Endpoint] = ()) -> None:
        self._models = [(re.compile(translate(model.id)), model) for model in models]
        self._endpoints = [(re.compile(translate(endpoint.id)), endpoint) for endpoint in endpoints]
        self.card = lru_cache(maxsize=1024)(self._card)

    @classmethod
    def read(cls, tree: Mapping[str, Any], dialects: Collection[str]) -> Self:
        """The catalog of a parsed `catalog.yaml`. ValueError names an entry that is not understood."""
        models = [_entry(Model, raw, dialects) for raw in tree.get("models") or ()]
        endpoints = [_entry(Endpoint, raw, dialects) for raw in tree.get("endpoints") or ()]
        return cls(models, endpoints)

    def extended(self, other: Self) -> Self:
        """This catalog with the entries of `other` before its own."""
        merged = type(self)([])
        merged._models = other._models + self._models
        merged._endpoints = other._endpoints + self._endpoints
        return merged

    def named(self) -> Self:
        """This catalog without the endpoint entry `*`: no endpoint exists but those that are described."""
        kept = type(self)([])
        kept._models = self._models
        kept._endpoints = [(pattern, endpoint) for pattern, endpoint in self._endpoints if endpoint.id != "*"]
        return kept

    def endpoint(self, target: Target) -> Endpoint | Failure:
        """The entry for an endpoint, or Google's 404."""
        for pattern, endpoint in self._endpoints:
            if pattern.match(target.endpoint) and endpoint.location in {None, target.location}:
                return endpoint
        return Failure(404, "NOT_FOUND", f"Endpoint `{resource_name(target)}` not found.")

    def _card(self, model: str, target: Target) -> Model | Failure:
        """The entry for a request, or Google's refusal of its endpoint or its `model`."""
        if not target.shared:
            return self._deployed(model, target)
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            return invalid(
                f"Malformed publisher model (`model`: '{model}') for the 'openapi' request endpoint ID;"
                " expected '<publisher>/<model>'."
            )
        return next((entry for pattern, entry in self._models if pattern.match(model)), Model(model))

    def _deployed(self, model: str, target: Target) -> Model | Failure:
        found = self.endpoint(target)
        if isinstance(found, Failure):
            return found
        if found.dedicated and not target.host.startswith(f"{target.endpoint.lower()}."):
            return Failure(400, "FAILED_PRECONDITION", _WRONG_HOST.format(host=dedicated_host(target)))
        return Model(model, found.dialect, "open", False, found.tokens_per_chunk, found.pace, found.voice)


_WRONG_HOST = (
    "Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com."
    " Please access the endpoint using its dedicated domain name '{host}'"
)


def project_number(project: str) -> int:
    """The number of a project: its id where that is one, else twelve digits that follow from the id."""
    return int(project) if project.isdigit() else Seed.root("project", project).between(10**11, 10**12 - 1)


def resource_name(target: Target) -> str:
    """The endpoint's full name, with the project's number as the service writes it."""
    return f"projects/{project_number(target.project)}/locations/{target.location}/endpoints/{target.endpoint}"


def dedicated_host(target: Target) -> str:
    """The host name of a dedicated endpoint (fidelity.md, Endpoints)."""
    return f"{target.endpoint}.{target.location}-{project_number(target.project)}.prediction.vertexai.goog"


_ENTRIES: Mapping[Any, TypeAdapter[Any]] = {Model: TypeAdapter(Model), Endpoint: TypeAdapter(Endpoint)}


def _entry(kind: type[Any], raw: Mapping[str, Any], dialects: Collection[str]) -> Any:
    """An entry of the file; the fields of its voice stand beside its own."""
    own = {field.name for field in fields(kind)} - {"voice"}
    voice = {field.name for field in fields(Voice)}
    if unknown := sorted(set(raw) - own - voice):
        known = ", ".join(sorted(own | voice))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown key {unknown[0]!r}; known: {known}")
    nested = {key: value for key, value in raw.items() if key in own}
    nested["voice"] = {key: value for key, value in raw.items() if key in voice}
    if raw.get("dialect", "vllm") not in dialects:
        known = ", ".join(sorted(dialects))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown dialect {raw['dialect']!r}; known: {known}")
    try:
        return _ENTRIES[kind].validate_python(nested)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(step) for step in problem["loc"] if step != "voice")
        raise ValueError(f"catalog entry {raw.get('id')!r}: {where}: {problem['msg']}") from None
