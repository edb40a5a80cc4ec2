"""Catalog of models and endpoints with their capabilities."""

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal, Self, TypeVar

from msgspec import Struct, ValidationError, convert, field
from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.delivery.pacing import IMMEDIATE, Pacing
from gemulator.request.target import Target
from gemulator.service.refusals import refuse
from gemulator.service.serving_profile import DEFAULT_PROFILE, ServingProfile

Kind = TypeVar("Kind")
Entry = TypeVar("Entry", bound=Struct)


class Model(Struct, frozen=True, eq=False):
    """Facts about the models whose id matches `id`, a glob over `publisher/name`.

    `is_fallback` (`guess` in YAML) marks an entry for unlisted ids. `pace` is used with `--speed realistic`;
    `tokens_per_chunk` is the number of tokens in one stream event, `upstream_model` the name of the model
    at `--upstream`. None and empty lists mean that no limit is known.
    """

    id: str
    dialect: str = "gemini"
    family: str = "open"
    is_fallback: bool = field(default=False, name="guess")
    tokens_per_chunk: int = 12
    upstream_model: str = ""
    pace: Pacing = IMMEDIATE
    profile: ServingProfile = DEFAULT_PROFILE

    # Thought signatures: answers carry them; the first call of a step must return its own.
    signs: bool = False
    enforces: bool = False
    # Calls of a model that asks no signature back are signed never, if it thinks, or only if it was asked to think.
    signs_calls: Literal["never", "thinking", "asked"] = "never"

    # Locations by globs: where it is served (empty: everywhere), and where sources disagree. Elsewhere: 404.
    locations: tuple[str, ...] = ()
    unsure_locations: tuple[str, ...] = ()

    # Tokens.
    context: int | None = None
    max_output: int | None = None
    caches_from: int | None = None

    # Thinking: accepted levels and budgets, and the effect of a budget of 0.
    levels: tuple[str, ...] = ()
    budget: tuple[int, int] | None = None
    no_budget: Literal["off", "refused", "ignored"] = "off"

    # Media: input kinds, output kinds, maximum bytes of an image, and support for mixed `detail` values.
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    largest_image: int | None = None
    mixed_detail: bool = True

    # Parameters by their JSON names: refused, and accepted without effect.
    refuses: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    search_with_functions: bool = True

    # Histories: a model's turn at the end, and text in one message with calls.
    prefill: bool = True
    text_with_calls: bool = True

    @property
    def is_gemini(self) -> bool:
        """Return True for Gemini models, which have rules of their own."""
        return self.family.startswith("gemini")

    def serves(self, location: str) -> Literal["yes", "unsure", "no"]:
        """Return if the model is served at a location."""
        if not self.locations or matches_any(location, self.locations):
            return "yes"
        return "unsure" if matches_any(location, self.unsure_locations) else "no"

    @property
    def can_think(self) -> bool:
        return bool(self.levels or self.budget)


class Endpoint(Struct, frozen=True):
    """Self-deployed model behind the endpoint ids that match the glob `id`.

    `is_fallback` (`guess` in YAML) marks an entry for undescribed ids. A `location` of None and no `locations` (globs)
    mean every location. A `dedicated` endpoint answers on its own host name only.
    """

    id: str
    dialect: str = "vllm"
    is_fallback: bool = field(default=False, name="guess")
    location: str | None = None
    locations: tuple[str, ...] = ()
    dedicated: bool = False
    tokens_per_chunk: int = 1
    upstream_model: str = ""
    pace: Pacing = IMMEDIATE
    profile: ServingProfile = DEFAULT_PROFILE


_MAX_CACHED = 200  # characters of a model name


class Catalog:
    """Models and endpoints by glob; the first matching entry wins."""

    def __init__(self, models: Sequence[Model], endpoints: Sequence[Endpoint] = ()) -> None:
        self._models = list(models)
        self._endpoints = list(endpoints)
        self._cached_lookup = lru_cache(maxsize=1024)(self._lookup)

    @classmethod
    def read(cls, *trees: Mapping[str, Any], dialects: Collection[str]) -> Self:
        """Return the catalog of parsed YAML files; entries of earlier files come first.

        A model inherits the fields of its family in `families`. Raises ValueError that names an invalid entry.
        """
        families = {name: raw for tree in reversed(trees) for name, raw in _section(tree, "families", dict).items()}
        models = [
            _parse_entry(Model, raw, dialects, families) for tree in trees for raw in _section(tree, "models", list)
        ]
        endpoints = [
            _parse_entry(Endpoint, raw, dialects) for tree in trees for raw in _section(tree, "endpoints", list)
        ]
        return cls(models, endpoints)

    @property
    def models(self) -> Sequence[Model]:
        """Entries of models; the first that matches an id decides."""
        return self._models

    def without_fallbacks(self) -> Self:
        """Return this catalog with described endpoints only."""
        return type(self)(self._models, [endpoint for endpoint in self._endpoints if not endpoint.is_fallback])

    def endpoint(self, target: Target) -> Endpoint | Failure:
        """Return the entry for an endpoint, or Google's 404."""
        for endpoint in self._endpoints:
            if (
                fnmatchcase(target.endpoint, endpoint.id)
                and endpoint.location in {None, target.location}
                and (not endpoint.locations or matches_any(target.location, endpoint.locations))
            ):
                return endpoint
        names = {"location": target.location, "endpoint": target.endpoint}
        return refuse("endpoint-not-found", project=project_number(target.project), **names)

    def lookup(self, model: str, target: Target) -> Model | Failure:
        """Return the entry for a request, or Google's refusal of its endpoint or its `model`."""
        return (self._cached_lookup if len(model) <= _MAX_CACHED else self._lookup)(model, target)

    def _lookup(self, model: str, target: Target) -> Model | Failure:
        if not target.shared:
            return self._lookup_deployed(model, target)
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            return _malformed(model)
        if model.startswith("models/"):
            return _malformed(model)
        return next((entry for entry in self._models if fnmatchcase(model, entry.id)), Model(model, is_fallback=True))

    def _lookup_deployed(self, model: str, target: Target) -> Model | Failure:
        endpoint = self.endpoint(target)
        if isinstance(endpoint, Failure):
            return endpoint
        if endpoint.dedicated and not target.host.startswith(f"{target.endpoint.lower()}."):
            return refuse("dedicated-endpoint", domain=dedicated_host(target))
        return Model(
            model,
            endpoint.dialect,
            tokens_per_chunk=endpoint.tokens_per_chunk,
            upstream_model=endpoint.upstream_model,
            pace=endpoint.pace,
            profile=endpoint.profile,
        )


def matches_any(name: str, globs: Sequence[str]) -> bool:
    """Return True if a name matches one of the globs."""
    return any(fnmatchcase(name, glob) for glob in globs)


def project_number(project: str) -> int:
    """Return the project number: a numeric id itself, or twelve digits derived from the id."""
    return int(project) if project.isdigit() else Seed.root("project", project).between(10**11, 10**12 - 1)


def resource_name(target: Target) -> str:
    """Return the endpoint's full resource name with the project number, as the service writes it."""
    return f"projects/{project_number(target.project)}/locations/{target.location}/endpoints/{target.endpoint}"


def dedicated_host(target: Target) -> str:
    """Return the host name of a dedicated endpoint (fidelity.md, Endpoints)."""
    return f"{target.endpoint}.{target.location}-{project_number(target.project)}.prediction.vertexai.goog"


def _section(tree: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    section = tree.get(name) or kind()
    entries = section.values() if isinstance(section, dict) else ()
    if not isinstance(section, kind) or not all(isinstance(entry, dict) for entry in entries):
        expected = "a list" if kind is list else "a mapping"
        raise ValueError(f"{name!r} must be {expected} of entries, got {section!r}")
    return section


_PROFILE_KEYS = frozenset(ServingProfile.__struct_fields__)


def _parse_entry(
    kind: type[Entry], raw: Any, dialects: Collection[str], families: Mapping[str, Any] | None = None
) -> Entry:
    """Return a catalog entry; its serving profile fields are on the same level as its own."""
    if not isinstance(raw, dict):
        raise ValueError(f"catalog entry {raw!r} must be a mapping")
    given = {**(families or {}).get(str(raw.get("family")), {}), **raw}
    own = {*kind.__struct_encode_fields__} - {"profile"}
    if unknown := sorted(set(given) - own - _PROFILE_KEYS):
        known = ", ".join(sorted(own | _PROFILE_KEYS))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown key {unknown[0]!r}; known: {known}")
    if given.get("dialect", "vllm") not in dialects:
        known = ", ".join(sorted(dialects))
        raise ValueError(f"catalog entry {raw.get('id')!r}: unknown dialect {given['dialect']!r}; known: {known}")
    nested = {key: value for key, value in given.items() if key in own}
    nested["profile"] = {key: value for key, value in given.items() if key in _PROFILE_KEYS}
    try:
        return convert(nested, kind)
    except ValidationError as error:
        raise ValueError(f"catalog entry {raw.get('id')!r}: {_error_message(error)}") from None


def _malformed(model: str) -> Failure:
    """Return Google's refusal of a malformed model, with the spelling to use."""
    failure = refuse("malformed-model", model=model)
    *parents, kind, name = ["", "", *model.split("/")]
    if kind != "models" or not name:
        return failure
    if any(parents):
        cause = "`model` is a resource name, not publisher/model"
    else:
        cause = "`model` begins with models/, as in the Gemini API"
    return replace(failure, cause=cause, remedy=f"write {parents[-1] or 'google'}/{name}")


def _error_message(error: ValidationError) -> str:
    """Return msgspec's message with the field first."""
    message, _, path = str(error).partition(" - at `$.")
    return f"{path.rstrip('`').removeprefix('profile.')}: {message}" if path else message
