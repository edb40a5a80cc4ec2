"""Validation errors of request bodies, before a dialect words them."""

import re
import types
import warnings
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


class WireModel(Struct, frozen=True):
    """Part of a request body. `__wire_name__` is the class name that servers show in error texts."""

    __wire_name__: ClassVar[str]


class InvalidField(Struct, frozen=True):
    """Validation error in pydantic's terms: `kind` (`missing`, `int_type` …), path, message and offending value.

    `context` holds what the kind adds: expected values, or the reason of a JSON error.
    """

    kind: str
    loc: tuple[str | int, ...]
    message: str
    value: Any
    context: Any = None

    @property
    def field(self) -> str:
        """Path in the form `messages[0].content`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.loc).lstrip(".")

    @property
    def hint(self) -> tuple[str, str]:
        """Return cause and remedy for the developer."""
        known = {
            "missing": (f"`{self.field}` is missing", "add it"),
            "too_short": (f"`{self.field}` is empty", "add an entry"),
            "literal_error": (f"`{self.field}` is none of the words that are known", "use one that the message names"),
        }
        wrong = f"`{self.field}` has a value of the wrong type", "send the type that the documentation says"
        return known.get(self.kind, wrong)


def invalid_field_in(body: Any, kind: type[WireModel], otherwise: str) -> InvalidField:
    """Return pydantic's first error for `body` as a `kind`; use `otherwise` as the message if pydantic finds none."""
    from pydantic import ValidationError

    try:
        _pydantic_model(kind).model_validate(body)
    except ValidationError as error:
        return _first_error(error)
    return InvalidField("value_error", (), otherwise, body)


_BRANCHES = {"str", "ImageUrl"}  # pydantic includes the union branch in a location


def _first_error(error: "ValidationError") -> InvalidField:
    """Return the error of the first wrong field; among branches of a union, the most specific one."""
    found = error.errors(include_url=False)
    problem = next((entry for entry in reversed(found) if entry["loc"][:1] == found[0]["loc"][:1]), found[0])
    where = [step for step in problem["loc"] if step not in _BRANCHES and not re.match(r"(list|dict)\[", str(step))]
    return InvalidField(problem["type"], tuple(where), problem["msg"], problem["input"], problem.get("ctx"))


@cache
def _pydantic_model(kind: type[WireModel]) -> "type[BaseModel]":
    """Return a pydantic model with the same fields: servers word validation errors as pydantic does."""
    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {
        field.name: (_pydantic_annotation(field.type), ... if field.required else None)
        for field in msgspec.structs.fields(kind)
    }
    with warnings.catch_warnings(action="ignore"):  # field names may shadow pydantic methods
        return create_model(kind.__wire_name__, __config__=ConfigDict(strict=True), **fields)


def _pydantic_annotation(annotation: Any) -> Any:
    """Convert a msgspec annotation to a pydantic one."""
    from pydantic import Field

    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return _pydantic_model(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[_pydantic_annotation(arguments[0]), Field(min_length=arguments[1].min_length)]
    if origin in {Union, types.UnionType}:
        return reduce(or_, map(_pydantic_annotation, arguments))
    if origin is list:
        return types.GenericAlias(list, (_pydantic_annotation(arguments[0]),))
    return annotation
