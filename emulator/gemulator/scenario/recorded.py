"""Digests of the system text and the tools that a recording was made with."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from gemulator.core.json_types import JSON, digest
from gemulator.core.strict_model import StrictModel

_LENGTH = 12  # characters of a digest


class RecordedFields(StrictModel):
    """Digests of what a recorded request had beside its messages; `gemulator check --tools` compares them."""

    system: Annotated[str | None, Field(description="Digest of the system text, without dates and ids.")] = None
    tools: Annotated[str | None, Field(description="Digest of names and parameters of the tools.")] = None


def system_digest(text: str) -> str:
    """Return the digest of a system text; dates, times, uuids and ids in it do not count."""
    from gemulator.scenario.conditions.volatile import with_holes  # compiles patterns, and few scenarios need them

    return digest(with_holes(text.strip())).hex()[:_LENGTH]


def tools_digest(schemas: Mapping[str, JSON]) -> str:
    """Return the digest of tools, given as parameters by name; their order does not count."""
    return digest({name: schema or {} for name, schema in schemas.items()}).hex()[:_LENGTH]
