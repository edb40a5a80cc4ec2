"""Pydantic type imported at its first use."""

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class LazyType:
    """Annotation of `Any` that validates as the type `name` of `module`, imported when a value is first validated.

    Most scenario files have no value of it, so that start-up saves the import. Values, errors and JSON Schema are
    those of the type itself.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    @cached_property
    def __value__(self) -> Any:
        """Return the type; the name makes code that unwraps TypeAliasType handle it."""
        return getattr(import_module(self._module), self._name)

    @cached_property
    def _adapter(self) -> "TypeAdapter[Any]":
        from pydantic import TypeAdapter

        return TypeAdapter(self.__value__)

    def validate(self, value: Any, info: ValidationInfo | None = None) -> Any:
        """Return the validated value. Raises ValidationError."""
        return self._adapter.validate_python(value, context=info.context if info else None)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(self._adapter.core_schema)
