"""Body of a chat completion request as accepted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Annotated, ClassVar, Self

from msgspec import Meta, Struct

from gemulator.core.invalid_field import WireModel
from gemulator.core.json_types import JSON
from gemulator.request.message import Message

NOTHING: Mapping[str, JSON] = MappingProxyType({})


class Function(Struct, frozen=True):
    """A function offered by the client. `parameters` is its JSON Schema as sent, or None."""

    name: str
    description: str
    parameters: JSON

    @property
    def arguments(self) -> JSON:
        """Schema of the arguments, always of type object; None if the function takes none."""
        untyped = isinstance(self.parameters, dict) and "type" not in self.parameters
        return {"type": "object", **self.parameters} if untyped else self.parameters


MODES = ("auto", "none", "required", "validated")


class ToolChoice(Struct, frozen=True):
    """Tool choice. `mode` is one of `MODES`, `name` the required function, `among` the only allowed ones."""

    mode: str
    name: str | None = None
    among: Sequence[str] | None = None

    @classmethod
    def of(cls, chosen: str | dict[str, JSON] | None) -> Self:
        """Parse a text or an object. An object that names no choice requires some function."""
        if not isinstance(chosen, dict):
            return cls(chosen or "auto")
        kind = chosen.get("type")
        if kind == "allowed_tools":
            allowed = allowed_in(chosen)
            tools = allowed.get("tools")
            named = map(function_name, tools if isinstance(tools, list) else ())
            return cls(_text(allowed, "mode") or "auto", among=[name for name in named if name is not None])
        return cls(kind) if kind in MODES else cls("required", function_name(chosen))

    def allows(self, name: str) -> bool:
        """Return True if the function may be called."""
        return name == self.name if self.name is not None else self.among is None or name in self.among


def allowed_in(chosen: dict[str, JSON]) -> dict[str, JSON]:
    """Return mode and tools of an `allowed_tools` choice, nested or flat."""
    allowed = chosen.get("allowed_tools")
    return allowed if isinstance(allowed, dict) else chosen


def function_name(tool: JSON) -> str | None:
    """Return the function name of a tool object, in the form of either OpenAI API."""
    return _text(tool.get("function", tool), "name") if isinstance(tool, dict) else None


class ExtraBody(WireModel, frozen=True):
    """Container of Google's options; unknown members are tolerated."""

    __wire_name__ = "ExtraBody"

    google: dict[str, JSON] | None = None


class ChatRequest(WireModel, frozen=True, dict=True):
    """Body of a request. Unlisted fields are tolerated and kept in `extra_fields`."""

    __wire_name__ = "ChatRequest"

    messages: Annotated[list[Message], Meta(min_length=1)]
    model: str = ""
    stream: bool | None = None
    stream_options: dict[str, JSON] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[str] | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, JSON] | None = None
    tools: list[dict[str, JSON]] | None = None
    tool_choice: str | dict[str, JSON] | None = None
    functions: list[dict[str, JSON]] | None = None
    function_call: str | dict[str, JSON] | None = None
    web_search_options: dict[str, JSON] | None = None
    extra_body: ExtraBody | None = None
    google: dict[str, JSON] | None = None

    extra_fields: ClassVar[Mapping[str, JSON]] = NOTHING
    """Members of the body beyond the fields above, for servers that read them."""

    @property
    def google_options(self) -> Mapping[str, JSON]:
        """`extra_body.google`, or a top-level `google`, which the live service honours too (fidelity.md)."""
        if self.extra_body is None and self.google is None:
            return NOTHING
        nested = None if self.extra_body is None else self.extra_body.google
        return {**(self.google or {}), **(nested or {})}

    @property
    def thinking_config(self) -> Mapping[str, JSON]:
        config = self.google_options.get("thinking_config")
        return config if isinstance(config, dict) else {}

    @property
    def include_thoughts(self) -> bool:
        return self.thinking_config.get("include_thoughts") is True

    @property
    def thinking_level(self) -> str | None:
        """Thinking level in lower case, from OpenAI's parameter or Google's."""
        level = self.reasoning_effort or self.thinking_config.get("thinking_level")
        return level.lower().removeprefix("thinking_level_") if isinstance(level, str) else None

    @property
    def asks_to_think(self) -> bool:
        """True if the request asks for thinking, shown or not."""
        budget = self.thinking_config.get("thinking_budget")
        return self.include_thoughts or self.thinking_level is not None or bool(budget)

    @property
    def thought_tag(self) -> str | None:
        """Name of the tag around shown thoughts, or None."""
        marker = self.google_options.get("thought_tag_marker")
        return marker if isinstance(marker, str) and marker else None

    @property
    def searches(self) -> bool:
        """True if Google Search is on, by OpenAI's option or as a native tool."""
        tools = self.google_options.get("tools")
        native = tools if isinstance(tools, list) else []
        return self.web_search_options is not None or any(
            isinstance(tool, dict) and any(re.match("google_?search", key, re.I) for key in tool) for tool in native
        )

    @property
    def streams_arguments(self) -> bool:
        return self.google_options.get("stream_function_call_arguments") is True

    @property
    def token_limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def stops(self) -> Sequence[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or ()

    @property
    def has_functions(self) -> bool:
        """True if a function is offered."""
        return next(self._functions(), None) is not None

    @property
    def functions_offered(self) -> Sequence[Function]:
        """Functions offered, from `tools` and the deprecated `functions`."""
        return [
            Function(spec["name"], str(spec.get("description") or ""), spec.get("parameters"))
            for spec in self._functions()
        ]

    def _functions(self) -> Iterator[dict[str, JSON]]:
        for spec in chain((tool.get("function") for tool in self.tools or ()), self.functions or ()):
            if isinstance(spec, dict) and isinstance(spec.get("name"), str):
                yield spec

    def path_of(self, name: str) -> str:
        """Return the path of the parameters of an offered function."""
        for index, tool in enumerate(self.tools or ()):
            if function_name(tool) == name:
                return f"tools[{index}].function.parameters"
        names = [function_name(spec) for spec in self.functions or ()]
        return f"functions[{names.index(name)}].parameters"

    @property
    def choice_of_tool(self) -> ToolChoice:
        return ToolChoice.of(self.function_call if self.tool_choice is None else self.tool_choice)

    @property
    def schema_name(self) -> str | None:
        return _text((self.response_format or {}).get("json_schema"), "name")

    @property
    def response_schema(self) -> JSON | None:
        """JSON Schema required of the answer (dict or bool), or None."""
        spec = (self.response_format or {}).get("json_schema")
        return spec.get("schema") if isinstance(spec, dict) else None

    @property
    def wants_json(self) -> bool:
        kind = (self.response_format or {}).get("type")
        return kind in ("json_object", "json_schema", "application/json")  # a tuple: clients may send unhashable values


def _text(mapping: JSON, key: str) -> str | None:
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return value if isinstance(value, str) else None
