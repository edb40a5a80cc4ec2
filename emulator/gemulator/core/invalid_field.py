"""Where a body does not fit what a server expects, in nobody's words yet: each dialect has its own for it."""

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
    """Part of a request body. `__wire_name__` is the class name that servers name in their error texts."""

    __wire_name__: ClassVar[str]


class InvalidField(Struct, frozen=True):
    """One error as pydantic names it: its `kind` (`missing`, `int_type` …), the path to it, what it says, what it saw.

    `more` is what the kind adds: the values that were expected, or the reason of a JSON error.
    """

    kind: str
    loc: tuple[str | int, ...]
    message: str
    value: Any
    context: Any = None

    @property
    def field(self) -> str:
        """The path as `messages[0].content`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.loc).lstrip(".")


def invalid_field_in(body: Any, kind: type[WireModel], otherwise: str) -> InvalidField:
    """What does not fit `kind`, as pydantic tells it; `otherwise` is said where pydantic finds nothing."""
    from pydantic import ValidationError

    try:
        _model(kind).model_validate(body)
    except ValidationError as error:
        return _misfit_of(error)
    return InvalidField("value_error", (), otherwise, body)


_BRANCHES = {"str", "ImageUrl"}  # pydantic names the branch of a union in a location


def _misfit_of(error: "ValidationError") -> InvalidField:
    """The first field's error; of a union's branches the most specific (a part, not the plain string)."""
    found = error.errors(include_url=False)
    problem = next((entry for entry in reversed(found) if entry["loc"][:1] == found[0]["loc"][:1]), found[0])
    where = [step for step in problem["loc"] if step not in _BRANCHES and not re.match(r"(list|dict)\[", str(step))]
    return InvalidField(problem["type"], tuple(where), problem["msg"], problem["input"], problem.get("ctx"))


@cache
def _model(kind: type[WireModel]) -> "type[BaseModel]":
    """The same fields for pydantic: servers word what does not fit as it does, and few bodies do not."""
    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {
        field.name: (_translated(field.type), ... if field.required else None) for field in msgspec.structs.fields(kind)
    }
    with warnings.catch_warnings(action="ignore"):  # a server may name a field like a method of pydantic's
        return create_model(kind.__wire_name__, __config__=ConfigDict(strict=True), **fields)


def _translated(annotation: Any) -> Any:
    """An annotation of msgspec's as one of pydantic's."""
    from pydantic import Field

    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return _model(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[_translated(arguments[0]), Field(min_length=arguments[1].min_length)]
    if origin in {Union, types.UnionType}:
        return reduce(or_, map(_translated, arguments))
    if origin is list:
        return types.GenericAlias(list, (_translated(arguments[0]),))
    return annotation
