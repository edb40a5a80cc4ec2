"""Settings of a request or a session, before the server's."""

from typing import Self

from msgspec import Struct

from gemulator.core.settings import Signatures, StreamUsage, Strictness, ToolCalls, ToolIndex, Wire


class Overrides(Struct, frozen=True):
    """Settings of a request (each in a header `x-emulator-NAME`) or of a session, as text. None: not set.

    Those that are fields of Settings as well have its values.
    """

    scenario: str | None = None
    seed: str | None = None
    wire: Wire | None = None
    tool_index: ToolIndex | None = None
    fragment: str | None = None
    calls_per_delta: str | None = None
    stream_usage: StreamUsage | None = None
    tool_calls: ToolCalls | None = None
    speed: str | None = None
    strictness: Strictness | None = None
    signatures: Signatures | None = None
    fault: str | None = None
    pacing: str | None = None
    quota: str | None = None
    error: str | None = None

    def given(self) -> dict[str, str]:
        """Return the values that are set, by name."""
        values = {name: getattr(self, name) for name in OVERRIDES}
        return {name: value for name, value in values.items() if value is not None}

    def completed(self, other: Self) -> "Overrides":
        """Return these settings, completed by those of `other`."""
        return Overrides(**{**other.given(), **self.given()})  # type: ignore[arg-type]


def header_of(name: str) -> str:
    """Return the request header that sets a field of Overrides."""
    return f"x-emulator-{name.replace('_', '-')}"


OVERRIDES = Overrides.__struct_fields__
NO_OVERRIDES = Overrides()
