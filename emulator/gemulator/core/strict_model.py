"""Base class of scenario models."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Frozen model: unknown keys are errors, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
