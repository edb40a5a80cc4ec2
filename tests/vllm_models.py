"""What a current vLLM can say, written down as models: every key is known, and no other is allowed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Function(Strict):
    name: str
    arguments: str


class Call(Strict):
    id: str
    type: Literal["function"]
    function: Function


class Message(Strict):
    role: str
    content: str | None
    refusal: str | None
    annotations: None
    audio: None
    function_call: None
    tool_calls: list[Call] = []
    reasoning: str | None


class Weight(Strict):
    token: str
    logprob: float
    bytes: list[int] | None


class Weights(Weight):
    top_logprobs: list[Weight]


class Logprobs(Strict):
    content: list[Weights]


class Choice(Strict):
    index: int
    message: Message
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length", "tool_calls"]
    stop_reason: int | str | None
    token_ids: None
    routed_experts: None


class Usage(Strict):
    prompt_tokens: int
    total_tokens: int
    completion_tokens: int


class FullUsage(Usage):
    prompt_tokens_details: dict[str, int] | None


class Answer(Strict):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    service_tier: None
    system_fingerprint: str | None
    usage: FullUsage
    prompt_logprobs: list[dict[str, Any] | None] | None
    prompt_token_ids: None
    prompt_text: None
    kv_transfer_params: None
    ec_transfer_params: None
    metrics: None


class DeltaFunction(Strict):
    name: str | None = None
    arguments: str | None = None


class DeltaCall(Strict):
    id: str | None = None
    type: Literal["function"] | None = None
    index: int
    function: DeltaFunction


class Delta(Strict):
    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[DeltaCall] = []


class StreamChoice(Strict):
    index: int
    delta: Delta
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length", "tool_calls"] | None
    stop_reason: int | str | None = None
    token_ids: None = None


class Chunk(Strict):
    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[StreamChoice]
    usage: Usage | None = None
    system_fingerprint: str | None = None
    prompt_token_ids: None = None
    prompt_text: None = None


class Error(Strict):
    message: str
    type: str
    param: str | None
    code: int


class Refusal(Strict):
    error: Error
