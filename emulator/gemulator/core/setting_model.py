"""Base of Settings: creation with named errors, and facts about its fields."""

from typing import Any, Self, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from gemulator.core.setting_error import SettingError, reason_of, unknown_setting


class SettingModel(BaseModel):
    """Frozen model of options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Return the given settings, completed by the defaults. Raises SettingError."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise SettingError(name, unknown_setting(name, cls.model_fields))
        raise SettingError(name, reason_of(first, secret=cls.is_secret(name)))

    @classmethod
    def takes_list(cls, name: str) -> bool:
        """Return True if a field has several values."""
        return get_origin(cls.model_fields[name].annotation) is tuple

    @classmethod
    def splits(cls, name: str) -> bool:
        """Return True if commas separate the values of a field with several. Patterns may contain commas."""
        return cls.takes_list(name) and name != "redact"

    @classmethod
    def is_secret(cls, name: str) -> bool:
        """Return True if the value of a field must not be shown."""
        return "SecretStr" in str(cls.model_fields[name].annotation)
