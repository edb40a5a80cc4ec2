"""What all parts of a scenario share."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Unknown keys are errors, types are not converted, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
