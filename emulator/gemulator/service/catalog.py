"""Which models and endpoints exist, and what they can do."""

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal, Self, TypeVar

from msgspec import Struct, ValidationError, convert

from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.delivery.pacing import IMMEDIATE, Pacing
from gemulator.request.target import Target
from gemulator.service.refusals import refuse
from gemulator.service.serving_profile import PLAIN, ServingProfile

Kind = TypeVar("Kind")
Entry = TypeVar("Entry", bound=Struct)


class Model(Struct, frozen=True, eq=False):
    """What is known of the models whose id fits `id`, a glob over `publisher/name`.

    `guess`: the entry stands for ids that nobody has listed. `pace` is used with `--speed realistic`;
    `tokens_per_chunk` is how many tokens the service puts into one event of a stream. None and empty lists: no limit
    is known.
    """

    id: str
    dialect: str = "gemini"
    family: str = "open"
    guess: bool = False
    tokens_per_chunk: int = 12
    pace: Pacing = IMMEDIATE
    voice: ServingProfile = PLAIN

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
    def can_think(self) -> bool:
        return bool(self.levels or self.budget)


class Endpoint(Struct, frozen=True):
    """A self-deployed model: what the container behind the endpoint ids that fit the glob `id` speaks.

    `guess`: the entry stands for ids that nobody has described. `location`: None, if it is everywhere. A `dedicated`
    one answers on its own host name only.
    """

    id: str
    dialect: str = "vllm"
    guess: bool = False
    location: str | None = None
    dedicated: bool = False
    tokens_per_chunk: int = 1
    pace: Pacing = IMMEDIATE
    voice: ServingProfile = PLAIN


class Catalog:
    """Models and endpoints by glob; the first entry that fits describes a model."""

    def __init__(self, models: Sequence[Model], endpoints: Sequence[Endpoint] = ()) -> None:
        self._models = list(models)
        self._endpoints = list(endpoints)
        self.card = lru_cache(maxsize=1024)(self._card)

    @classmethod
    def read(cls, *trees: Mapping[str, Any], dialects: Collection[str]) -> Self:
        """The catalog of parsed YAML files, the first one's entries first.

        A model has all that `families` says of its family, and its own fields over that. ValueError names an entry
        that is not understood.
        """
        families = {name: raw for tree in reversed(trees) for name, raw in _part(tree, "families", dict).items()}
        models = [_entry(Model, raw, dialects, families) for tree in trees for raw in _part(tree, "models", list)]
        endpoints = [_entry(Endpoint, raw, dialects) for tree in trees for raw in _part(tree, "endpoints", list)]
        return cls(models, endpoints)

    def without_fallbacks(self) -> Self:
        """This catalog without guesses at endpoints: none exists but those that are described."""
        return type(self)(self._models, [endpoint for endpoint in self._endpoints if not endpoint.guess])

    def endpoint(self, target: Target) -> Endpoint | Failure:
        """The entry for an endpoint, or Google's 404."""
        for endpoint in self._endpoints:
            if fnmatchcase(target.endpoint, endpoint.id) and endpoint.location in {None, target.location}:
                return endpoint
        named = {"location": target.location, "endpoint": target.endpoint}
        return refuse("endpoint-not-found", project=project_number(target.project), **named)

    def _card(self, model: str, target: Target) -> Model | Failure:
        """The entry for a request, or Google's refusal of its endpoint or its `model`."""
        if not target.shared:
            return self._deployed(model, target)
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            return refuse("malformed-model", model=model)
        return next((entry for entry in self._models if fnmatchcase(model, entry.id)), Model(model, guess=True))

    def _deployed(self, model: str, target: Target) -> Model | Failure:
        found = self.endpoint(target)
        if isinstance(found, Failure):
            return found
        if found.dedicated and not target.host.startswith(f"{target.endpoint.lower()}."):
            return refuse("dedicated-endpoint", domain=dedicated_host(target))
        return Model(model, found.dialect, tokens_per_chunk=found.tokens_per_chunk, pace=found.pace, voice=found.voice)


def project_number(project: str) -> int:
    """The number of a project: its id where that is one, else twelve digits that follow from the id."""
    return int(project) if project.isdigit() else Seed.root("project", project).between(10**11, 10**12 - 1)


def resource_name(target: Target) -> str:
    """The endpoint's full name, with the project's number as the service writes it."""
    return f"projects/{project_number(target.project)}/locations/{target.location}/endpoints/{target.endpoint}"


def dedicated_host(target: Target) -> str:
    """The host name of a dedicated endpoint (fidelity.md, Endpoints)."""
    return f"{target.endpoint}.{target.location}-{project_number(target.project)}.prediction.vertexai.goog"


def _part(tree: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    part = tree.get(name) or kind()
    entries = part.values() if isinstance(part, dict) else ()
    if not isinstance(part, kind) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{name!r} is a {kind.__name__} of entries, not {part!r}")
    return part


_VOICE = frozenset(ServingProfile.__struct_fields__)


def _entry(kind: type[Entry], raw: Any, dialects: Collection[str], families: Mapping[str, Any] | None = None) -> Entry:
    """An entry of the file; the fields of its voice stand beside its own."""
    if not isinstance(raw, dict):
        raise ValueError(f"catalog entry {raw!r} is no mapping")
    given = {**(families or {}).get(str(raw.get("family")), {}), **raw}
    own = {*kind.__struct_fields__} - {"voice"}
    if unknown := sorted(set(given) - own - _VOICE):
        known = ", ".join(sorted(own | _VOICE))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown key {unknown[0]!r}; known: {known}")
    if given.get("dialect", "vllm") not in dialects:
        known = ", ".join(sorted(dialects))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown dialect {given['dialect']!r}; known: {known}")
    nested = {key: value for key, value in given.items() if key in own}
    nested["voice"] = {key: value for key, value in given.items() if key in _VOICE}
    try:
        return convert(nested, kind)
    except ValidationError as error:
        raise ValueError(f"catalog entry {raw.get('id')!r}: {_said(error)}") from None


def _said(error: ValidationError) -> str:
    """The place before what is wrong there."""
    wrong, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`').removeprefix('voice.')}: {wrong}" if place else wrong
