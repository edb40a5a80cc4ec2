"""Texts and values as authors write them: with `{{ expressions }}` that are checked when the file is read."""

from functools import lru_cache
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import AfterValidator

from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.templates.template import Template, strings


class _Filled:
    """Marks a type whose texts are templates."""


_FILLED = _Filled()


def _checked(value: JSON) -> JSON:
    for text in strings(value):
        Template.of(text)
    return value


Words: TypeAlias = Annotated[str, AfterValidator(_checked), _FILLED]
Tree: TypeAlias = Annotated[JSON, AfterValidator(_checked), _FILLED]
Fields: TypeAlias = Annotated[dict[str, JSON], AfterValidator(_checked), _FILLED]


@lru_cache(maxsize=64)
def filled_fields(kind: type[StrictModel]) -> tuple[str, ...]:
    """The fields of a class whose texts are templates."""
    fields = kind.model_fields.items()
    return tuple(name for name, info in fields if _FILLED in info.metadata or _carries(info.annotation))


def _carries(annotation: Any) -> bool:
    return _FILLED in getattr(annotation, "__metadata__", ()) or any(
        map(_carries, get_args(getattr(annotation, "__value__", annotation)))
    )
