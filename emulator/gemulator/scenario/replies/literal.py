"""Literal replies: a body or events as the author wrote them."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from gemulator.core.duration import Duration
from gemulator.core.errors import ReplyError
from gemulator.core.json_types import JSON, dump_json
from gemulator.core.plan import RawAnswer, RawChunk
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.compare import shape_tag
from gemulator.scenario.replies import server_sent_events as sse
from gemulator.scenario.replies.reply import AnyReply
from gemulator.scenario.templates.fields import TemplateText, TemplateValue
from gemulator.scenario.templates.template import Template, fill, template_strings
from gemulator.scenario.templates.variables import Variables

_WITHOUT_BODY = (204, 205, 304)
_FRAMING = ("connection", "content-length", "transfer-encoding")
_NAME_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_SUFFIX = ".sse"


def _validate_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not name or not _NAME_CHARACTERS.issuperset(name.lower()):
            raise ValueError(f"{name!r} is not the name of a header: use letters, digits and `-`")
        if name.lower() in _FRAMING:
            raise ValueError(f"`{name}` is set by the server: use the fault `wrong_length` or `http10` instead")
        _validate_header_value(name, value)
    return headers


def _validate_header_value(name: str, value: str) -> str:
    """Return the value. Raise ValueError if it cannot be sent."""
    if not all(character == "\t" or " " <= character < "\x7f" or "\x80" <= character <= "\xff" for character in value):
        raise ValueError(f"the value of the header `{name}` cannot be sent: use one line of Latin-1 characters")
    return value


class LiteralReply(AnyReply):
    """Base of literal replies."""

    status: Annotated[int, Field(ge=200, le=599, description="HTTP status. Default: 200.")] = 200
    headers: Annotated[
        Annotated[dict[str, TemplateText], AfterValidator(_validate_headers)] | None,
        Field(description="Headers, which replace the service's of the same name."),
    ] = None

    @field_validator("status")
    @classmethod
    def _validate_status(cls, status: int) -> int:
        if status in _WITHOUT_BODY:
            raise ValueError(f"an answer with status {status} has no body: use another status, or the fault `empty`")
        return status

    @property
    def is_error(self) -> bool:
        return self.status >= 400

    def answer(self, variables: Variables) -> RawAnswer:
        """Return the answer with its templates filled in. Raise ReplyError if the request lacks a value."""
        raise TypeError(f"{type(self).__name__} cannot be answered")  # pragma: no cover

    def _raw_headers(self, variables: Variables) -> tuple[tuple[bytes, bytes], ...]:
        filled = ((name, Template.of(value).text(variables)) for name, value in (self.headers or {}).items())
        try:
            checked = [(name, _validate_header_value(name, value)) for name, value in filled]
        except ValueError as error:
            raise ReplyError(str(error)) from None
        return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in checked)


class BodyReply(LiteralReply):
    """A body as it is, to whatever request: JSON, or a text that may be anything."""

    key: ClassVar[str] = "body"
    example: ClassVar[str] = "{ body: { error: { message: Overloaded. } }, status: 529, headers: { retry-after: '3' } }"
    body: Annotated[TemplateValue, Field(description="Mapping or list, sent as JSON; a text is sent as it is.")]

    @field_validator("body")
    @classmethod
    def _validate_body(cls, body: JSON) -> JSON:
        if body is None:
            raise ValueError("`body` has no value: write `body: ''` for an empty one, or `body: 'null'` for null")
        return body

    def answer(self, variables: Variables) -> RawAnswer:
        if isinstance(self.body, str):
            text, value = Template.of(self.body).text(variables), sse.parse_json(self.body)
        else:
            value = fill(self.body, variables)
            text = dump_json(value)
        chunk = RawChunk(text.encode(), sse.content_tokens(value))
        return RawAnswer(self.status, self._raw_headers(variables), (chunk,), is_stream=False)


class EventFields(StrictModel):
    """One event of a stream."""

    data: Annotated[TemplateValue, Field(description="Data of the event: a text, or a value that is sent as JSON.")] = (
        None
    )
    raw: Annotated[TemplateText | None, Field(description="Bytes of the event instead, with its line ends.")] = None
    event: Annotated[str | None, Field(pattern=r"^[^\r\n]*$", description="Type of the event.")] = None
    wait: Annotated[Duration | None, Field(description="Time before the event. Default: the pacing.")] = None

    @model_validator(mode="after")
    def _validate_source(self) -> Self:
        if len({"data", "raw"} & self.model_fields_set) != 1:
            raise ValueError("an event has either `data` or `raw`: keep one of them")
        if self.raw is not None and self.event is not None:
            raise ValueError("`event` is not added to `raw`: write the line `event: …` into `raw`")
        sse.check_templates(self.raw or "")
        return self

    def chunk(self, variables: Variables) -> RawChunk:
        """Return the event with its templates filled in."""
        if self.raw is not None:
            return _raw_chunk(self.raw, variables, self.wait)
        return _data_chunk(self.data, variables, self.event, self.wait)


def _event_tag(value: Any) -> str:
    """Return the union tag of an event: its fields, a text, or a value that is its data."""
    if isinstance(value, EventFields):
        return "<event>"
    if isinstance(value, dict) and {"data", "raw"} & value.keys() and value.keys() <= EventFields.model_fields.keys():
        return "<event>"
    return "<words>" if isinstance(value, str) else "<json>"


class EventsReply(LiteralReply):
    """A stream of events as they are, to whatever request. Nothing is added: write `[DONE]` last, or leave it out."""

    key: ClassVar[str] = "events"
    example: ClassVar[str] = (
        "{ events: [{ choices: [{ delta: { content: Hi }, index: 0 }] }, { data: '[DONE]', wait: 2s }] }"
    )
    events: Annotated[
        Annotated[
            list[
                Annotated[
                    Annotated[EventFields, Tag("<event>")]
                    | Annotated[TemplateText, Tag("<words>")]
                    | Annotated[TemplateValue, Tag("<json>")],
                    Discriminator(_event_tag),
                ]
            ],
            Field(min_length=1),
            Tag("<list>"),
        ]
        | Annotated[str, Tag("<words>")],
        Discriminator(shape_tag),
        Field(description="Events in order, or a file of the scenario folder with the suffix `.sse`."),
    ]

    _file_events: Sequence[str] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _read_file(self, info: ValidationInfo) -> Self:
        if isinstance(self.events, str):
            if PurePath(self.events).suffix != _SUFFIX:
                raise ValueError(f"`{self.events}` is not a file of events: its name must end in {_SUFFIX}")
            reader = (info.context or {}).get("file")
            if reader is None:
                raise ValueError(f"`{self.events}` can be read in a scenario folder only: write the events as a list")
            self._file_events = sse.events_of_file(self.events, reader(self.events))
        return self

    def templates(self) -> Iterator[str]:
        yield from super().templates()
        yield from (text for text in self._file_events if "{{" in text)
        for event in self.events:
            if isinstance(event, EventFields):
                yield from (*template_strings(event.data), *template_strings(event.raw))

    def answer(self, variables: Variables) -> RawAnswer:
        if isinstance(self.events, str):
            chunks = [_raw_chunk(event, variables, None) for event in self._file_events]
        else:
            chunks = [
                event.chunk(variables) if isinstance(event, EventFields) else _data_chunk(event, variables)
                for event in self.events
            ]
        return RawAnswer(self.status, self._raw_headers(variables), tuple(chunks), is_stream=True)

    def written_events(self) -> Sequence[JSON]:
        """Return the data of each event with its templates; JSON texts are parsed, as far as they can be."""
        if isinstance(self.events, str):
            return [data for event in self._file_events for data in sse.data_of(event)]
        written: list[JSON] = []
        for event in self.events:
            if not isinstance(event, EventFields):
                written.append(sse.parse_json(event) if isinstance(event, str) else event)
            elif event.raw is not None:
                written += sse.data_of(event.raw)
            else:
                written.append(sse.parse_json(event.data) if isinstance(event.data, str) else event.data)
        return written


def _data_chunk(data: JSON, variables: Variables, event: str | None = None, wait: float | None = None) -> RawChunk:
    """Return an event with this data."""
    value = Template.of(data).text(variables) if isinstance(data, str) else fill(data, variables)
    text = value if isinstance(value, str) else dump_json(value)
    tokens = sse.content_tokens(sse.parse_json(text) if isinstance(data, str) else value)
    return RawChunk(sse.encode_event(text, event), tokens, wait)


def _raw_chunk(text: str, variables: Variables, wait: float | None) -> RawChunk:
    """Return an event with these bytes."""
    filled = sse.fill_templates(text, variables)
    return RawChunk(filled.encode(), sum(map(sse.content_tokens, sse.data_of(filled))), wait)
