"""A type whose classes are imported, and whose validator is built, when a value of it is first read."""

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class LazyType:
    """Marks `Any` to be the type of this name in a module: most files have no value of it, and need not wait for it.

    Values, errors and the JSON Schema are those of the type itself.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    @cached_property
    def __value__(self) -> Any:
        """The type, as that of a TypeAliasType."""
        return getattr(import_module(self._module), self._name)

    @cached_property
    def _adapter(self) -> "TypeAdapter[Any]":
        from pydantic import TypeAdapter

        return TypeAdapter(self.__value__)

    def read(self, value: Any, info: ValidationInfo | None = None) -> Any:
        """The value, validated. ValidationError."""
        return self._adapter.validate_python(value, context=info.context if info else None)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(self._adapter.core_schema)
