"""Scenario syntax of faults: name, name with fields, or list."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from gemulator.delivery.faults.connection import CutEvent, Disconnect, Hanging, Refuse, Reset, SlowHeaders, Stall
from gemulator.delivery.faults.fault import Fault
from gemulator.delivery.faults.http_framing import (
    Bom,
    ContentType,
    Gzip,
    Http10,
    LineEnds,
    Split,
    SplitCharacters,
    WrongLength,
)
from gemulator.delivery.faults.intermediary import Empty, Html, Redirect
from gemulator.delivery.faults.sse import (
    Comments,
    Duplicate,
    ErrorEvent,
    Garble,
    HugeEvent,
    NoDone,
    NoFinishReason,
    NoUsage,
    RawNewlines,
    Reorder,
    Truncate,
)


def _add_descriptions(schema: dict[str, Any]) -> None:
    for name, field in schema["properties"].items():
        field["description"] = FAULTS[name].__doc__


class FaultFields(BaseModel):
    """Fault under its name: `disconnect: { after_chunks: 3 }`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, json_schema_extra=_add_descriptions
    )

    refuse: Refuse | None = None
    reset: Reset | None = None
    disconnect: Disconnect | None = None
    cut_event: CutEvent | None = None
    hang: Hanging | None = None
    stall: Stall | None = None
    slow_headers: SlowHeaders | None = None
    truncate: Truncate | None = None
    wrong_length: WrongLength | None = None
    http10: Http10 | None = None
    content_type: ContentType | None = None
    gzip: Gzip | None = None
    split: Split | None = None
    split_characters: SplitCharacters | None = None
    line_ends: LineEnds | None = None
    bom: Bom | None = None
    garble: Garble | None = None
    duplicate: Duplicate | None = None
    reorder: Reorder | None = None
    huge_event: HugeEvent | None = None
    error_event: ErrorEvent | None = None
    comments: Comments | None = None
    no_done: NoDone | None = None
    no_finish_reason: NoFinishReason | None = None
    no_usage: NoUsage | None = None
    raw_newlines: RawNewlines | None = None
    html: Html | None = None
    redirect: Redirect | None = None
    empty: Empty | None = None

    @model_validator(mode="after")
    def _validate_single_name(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("a fault has one name: write several faults as a list")
        return self

    @property
    def fault(self) -> Fault:
        (name,) = self.model_fields_set
        fault = getattr(self, name)
        return fault if isinstance(fault, Fault) else FAULTS[name]()


FAULTS: Mapping[str, type[Fault]] = {
    name: get_args(field.annotation)[0] for name, field in FaultFields.model_fields.items()
}


def _validate_name(name: str) -> str:
    if name not in FAULTS:
        from difflib import get_close_matches

        near = get_close_matches(name, FAULTS, 1)
        raise ValueError(f"unknown fault {name!r}" + (f": did you mean {near[0]!r}?" if near else ""))
    return name


def _shape_tag(value: Any) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<name>" if isinstance(value, str) else "<fields>"


FaultName: TypeAlias = Annotated[str, AfterValidator(_validate_name), Field(json_schema_extra={"enum": list(FAULTS)})]
OneFault: TypeAlias = Annotated[
    Annotated[FaultName, Tag("<name>")] | Annotated[FaultFields, Tag("<fields>")], Discriminator(_shape_tag)
]
Faults: TypeAlias = Annotated[
    Annotated[FaultName, Tag("<name>")]
    | Annotated[FaultFields, Tag("<fields>")]
    | Annotated[list[OneFault], Tag("<list>")],
    Discriminator(_shape_tag),
]


def faults_of(value: Faults) -> Sequence[Fault]:
    """Return the faults in the order written."""
    items = value if isinstance(value, list) else [value]
    return tuple(FAULTS[item]() if isinstance(item, str) else item.fault for item in items)
