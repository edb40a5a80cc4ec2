"""Pacing, faults and quotas in scenarios, headers and settings."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from gemulator.core import located_yaml as yaml
from gemulator.core.count import MAX_CHUNK
from gemulator.core.duration import Duration
from gemulator.core.errors import ScenarioError
from gemulator.core.share import Share
from gemulator.core.strict_model import StrictModel
from gemulator.core.text_cache import cache_texts
from gemulator.delivery.pacing import Pacing, Spread
from gemulator.scenario.lazy_type import LazyType
from gemulator.service.quotas import UNLIMITED, Quota

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from gemulator.delivery.faults.fault import Fault

FAULTS = LazyType("gemulator.delivery.faults.schema", "Faults")


_SLOWEST = 1e-6  # tokens per second; with less, the wait for a token may be no finite number


def _validate_rate(rate: float) -> float:
    if 0 < rate < _SLOWEST:
        raise ValueError(f"a rate is 0 or at least {_SLOWEST:f} tokens per second")
    return rate


Rate: TypeAlias = Annotated[float, Field(ge=0, le=1e9), AfterValidator(_validate_rate)]


_MAX_WAITS = 100_000  # as many as a text has chunks


class PacingFields(StrictModel):
    """Timing of the chunks of an answer. Omitted keys cause no delay."""

    first_token: Annotated[Duration, Field(description="Time to the first token.")] = 0.0
    tokens_per_second: Annotated[Rate, Field(description="Rate after the first token; 0 means no delay.")] = 0.0
    inter_token: Annotated[
        Duration | None, Field(gt=0, description="Time between tokens: alternative to tokens_per_second.")
    ] = None
    jitter: Annotated[Share, Field(description="Variation of each delay, like 30%.")] = 0.0
    spread: Annotated[
        Spread,
        Field(description="Distribution: `uniform` within the jitter, or with it as standard deviation."),
    ] = "uniform"
    cap: Annotated[
        float, Field(ge=1, le=1_000_000, description="Longest delay, as a multiple of the delay without jitter.")
    ] = 4.0
    prompt_tokens_per_second: Annotated[
        Rate, Field(description="Prompt tokens read per second before the first token; 0 means no delay.")
    ] = 0.0
    thinking_tokens_per_second: Annotated[
        Rate, Field(description="Hidden thought tokens per second before the first token; 0 means no delay.")
    ] = 0.0
    load: Annotated[Share, Field(description="Slowdown of all delays per other answer in progress, like 5%.")] = 0.0
    tokens_per_chunk: Annotated[int | None, Field(ge=1, le=MAX_CHUNK, description="Tokens per chunk.")] = None
    waits: Annotated[
        list[Duration] | None,
        Field(
            min_length=1,
            max_length=_MAX_WAITS,
            description="Time before each chunk, in order, instead of the rates; further chunks follow at once.",
        ),
    ] = None

    @model_validator(mode="after")
    def _validate_single_rate(self) -> Self:
        if self.inter_token is not None and self.tokens_per_second:
            raise ValueError("tokens_per_second and inter_token are alternatives: set only one of them")
        return self

    @cached_property
    def pacing(self) -> Pacing:
        return Pacing(
            first_token=self.first_token,
            tokens_per_second=1 / self.inter_token if self.inter_token else self.tokens_per_second,
            jitter=self.jitter,
            spread=self.spread,
            cap=self.cap,
            prompt_tokens_per_second=self.prompt_tokens_per_second,
            thinking_tokens_per_second=self.thinking_tokens_per_second,
            load=self.load,
        )


_NONE = "none"
_MAX_LINE = 4_000  # characters of a header or option: they take 15 ms to read

Validated = TypeVar("Validated")


@cache_texts(256, 2_000)
def parse_faults(line: str) -> "Sequence[Fault]":
    """Return the faults in `disconnect` or `stall: { lasts: 2s }, no_done`; none for `none`. Raises ValueError."""
    if line.strip() == _NONE:
        return ()
    from gemulator.delivery.faults.schema import faults_of

    return faults_of(validate(FAULTS.validate, parse_flow(line, "[]")))


@cache_texts(256, 2_000)
def parse_pacing(line: str) -> PacingFields:
    """Return the pacing in `first_token: 1s, tokens_per_second: 20`; no delay for `none`. Raises ValueError."""
    if line.strip() == _NONE:
        return PacingFields()
    return validate(PacingFields.model_validate, parse_flow(line, "{}"))


@lru_cache(maxsize=256)
def parse_quota(line: str) -> Quota:
    """Return the quota in `requests_per_minute: 60, per: project`; unlimited for `none`. Raises ValueError."""
    if line.strip() == _NONE:
        return UNLIMITED
    return validate(Quota.model_validate, parse_flow(line, "{}"))


def parse_flow(line: str, around: str) -> Any:
    if len(line) > _MAX_LINE:
        limit = f"the limit is {_MAX_LINE:,}"
        raise ValueError(f"a line of {len(line):,} characters is too long ({limit}): write the list in a scenario")
    text = line.strip()
    flow = text if text[:1] in {"[", "{"} and text[-1:] in {"]", "}"} else around[0] + text + around[1]
    try:
        document = yaml.read(flow, Path("line"))
        problems = document.problems
    except ScenarioError as error:
        problems = error.problems
    if problems:
        raise ValueError("; ".join(problem.message for problem in problems))
    return document.data


def validate(model: Callable[[Any], Validated], data: Any) -> Validated:
    try:
        return model(data)
    except ValidationError as error:
        raise ValueError("; ".join(map(_error_message, error.errors()))) from None


def _error_message(detail: "ErrorDetails") -> str:
    from gemulator.scenario.loading.value_messages import explain_value

    path = [step for step in detail["loc"] if not str(step).startswith("<")]
    where = ".".join(map(str, path))
    known: dict[str, str] = {"extra_forbidden": "unknown key", "missing": "this key is missing"}
    message, remedy = known.get(detail["type"], ""), ""
    if not message:
        message, remedy = explain_value(detail, path)
    text = f"{where}: {message}" if where else message
    return f"{text} ({remedy.rstrip('.')})" if remedy else text
