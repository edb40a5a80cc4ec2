"""Field types of templates, validated at load time."""

from functools import lru_cache
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import AfterValidator

from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.templates.template import Template, template_strings


class _TemplateMarker:
    """Annotation of types whose texts are templates."""


_TEMPLATE = _TemplateMarker()


def _validate_templates(value: JSON) -> JSON:
    for text in template_strings(value):
        Template.of(text)
    return value


TemplateText: TypeAlias = Annotated[str, AfterValidator(_validate_templates), _TEMPLATE]
TemplateValue: TypeAlias = Annotated[JSON, AfterValidator(_validate_templates), _TEMPLATE]
TemplateObject: TypeAlias = Annotated[dict[str, JSON], AfterValidator(_validate_templates), _TEMPLATE]


@lru_cache(maxsize=64)
def template_fields(kind: type[StrictModel]) -> tuple[str, ...]:
    """Return the names of the fields whose texts are templates."""
    fields = kind.model_fields.items()
    return tuple(name for name, info in fields if _TEMPLATE in info.metadata or _has_marker(info.annotation))


def _has_marker(annotation: Any) -> bool:
    return _TEMPLATE in getattr(annotation, "__metadata__", ()) or any(
        map(_has_marker, get_args(getattr(annotation, "__value__", annotation)))
    )
