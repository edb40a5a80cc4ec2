"""Refusals of histories (fidelity.md, Messages and media)."""

from gemulator.service.refusals.refusal import LEARN, PROTO, invalid_argument

HISTORIES = (
    invalid_argument(
        "response-count",
        "Please ensure that the number of function response parts is equal to the number of function call parts of the"
        " function call turn.",
        "the number of tool messages differs from the number of calls before them",
        "answer each call with one tool message, before the next user or assistant message",
    ),
    invalid_argument(
        "call-order",
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
        "an assistant message with tool_calls does not follow a user message or tool messages",
        "keep the user message when the history is cut, and merge neighbouring assistant messages",
    ),
    invalid_argument(
        "response-name",
        f"{PROTO}Name cannot be empty.",
        "a tool message has a tool_call_id that no earlier call has",
        "send back the ids of the calls as they came",
        place="contents[2].parts[0].function_response.name",
    ),
    invalid_argument(
        "no-parts",
        "Unable to submit request because it must include at least one parts field, which describes the prompt input."
        f" {LEARN}",
        "a message has neither content nor calls",
        "leave the message out, or give it a text",
    ),
    invalid_argument(
        "empty-text",
        "Unable to submit request because Model input cannot be empty.",
        "a text part is empty",
        "leave the part out, or give it a text",
    ),
    invalid_argument(
        "no-prefill",
        "Requests ending with a model turn are not supported.",
        "the last message is the assistant's, which this model does not continue",
        "end with a user message or with tool messages, or use a model that continues, like google/gemini-2.5-flash",
    ),
)
