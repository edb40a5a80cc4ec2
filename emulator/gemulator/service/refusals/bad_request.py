"""Refusals with status 400 (fidelity.md, §6)."""

from gemulator.service.refusals.declarations import DECLARATIONS
from gemulator.service.refusals.histories import HISTORIES
from gemulator.service.refusals.refusal import LEARN, invalid_argument

_RANGE = (
    "Unable to submit request because it has a {field} value of {value} but the supported range is from {low}"
    " (inclusive) to {high} ({end}). Update the value and try again."
)

INVALID = (
    # ---- 400, as captured
    invalid_argument(
        "invalid-argument",
        "Request contains an invalid argument.",
        "an argument is wrong, and the service does not say which",
        "compare the request with what docs/fidelity.md says of messages",
    ),
    invalid_argument(
        "malformed-model",
        "Malformed publisher model (`model`: '{model}') for the 'openapi' request endpoint ID; expected"
        " '<publisher>/<model>'.",
        "`model` has no publisher",
        "write publisher/model, like google/gemini-2.5-flash",
    ),
    invalid_argument(
        "missing-signature",
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work"
        " correctly, and missing thought_signature may lead to degraded model performance. Additional data, function"
        " call `default_api:{function}`, position {position}.",
        "the call `{function}` came back without its `extra_content`; openai-node's runTools, openai-go's ToParam and"
        " LangChain's ChatOpenAI drop it",
        "keep the assistant message as it came, with extra_content.google.thought_signature in each call",
        function="get_weather",
        position=2,
    ),
    invalid_argument(
        "missing-signature-older",
        "Unable to submit request because function call `default_api:{function}` in the {position}. content block is"
        " missing a `thought_signature`. Learn more:"
        " https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures",
        "the call `{function}` came back without its `extra_content`",
        "keep the assistant message as it came, with extra_content.google.thought_signature in each call",
        function="get_weather",
        position=2,
    ),
    invalid_argument(
        "corrupted-signature",
        "Corrupted thought signature",
        "a thought signature came back changed, with another call, or from another server",
        "send each signature back with its own call, to the server that made it",
    ),
    invalid_argument(
        "invalid-signature",
        "Thought signature is not valid",
        "a thought signature is none of this server",
        "send each signature back with its own call, to the server that made it",
    ),
    invalid_argument(
        "not-one-of",
        "Expected '{field}' to be one of: {allowed}; found {value}.",
        "`{field}` is none of the words that the service knows",
        "use one of {allowed}",
        **{"field": "reasoning_effort", "allowed": "'high', 'low', 'max', 'medium', 'minimal'", "value": "'none'"},
    ),
    invalid_argument(
        "level-unsupported",
        "Thinking level is unsupported: THINKING_LEVEL_{level}",
        "the model does not have the thinking level {level}",
        "ask for another level, or for none",
        level="MINIMAL",
    ),
    invalid_argument(
        "budget-and-level",
        "You can only set only one of thinking budget and thinking level.",
        "the request sets both thinking_budget and thinking_level",
        "set one of them",
    ),
    invalid_argument(
        "no-contents",
        f"Unable to submit request because at least one contents field is required. {LEARN}",
        "all messages are for the system, none is for the model",
        "add a user message",
    ),
    invalid_argument(
        "part-unsupported",
        "An '{kind}' 'content' object element is unsupported for a(n) '{role}' message.",
        "a {role} message has a part of type {kind}",
        "put the part into a user message",
        kind="image_url",
        role="tool",
    ),
    invalid_argument(
        "arguments-not-json",
        "Expected a valid JSON object in the request",
        "the arguments of a call in the history are no JSON object",
        "send arguments back as the text that came, and leave out calls that were cut off",
    ),
    invalid_argument(
        "too-many-tokens",
        "The input token count ({count}) exceeds the maximum number of tokens allowed ({limit}).",
        "the prompt has {count} tokens, but the model reads {limit}",
        "shorten the history, or use a model with a larger window",
        count=1_200_000,
        limit=1_048_576,
    ),
    invalid_argument(
        "out-of-range",
        _RANGE,
        "{field} is {value}, outside the range of the service",
        "send a value from {low} to {high} ({end} at the upper end)",
        field="maxOutputTokens",
        value=100_000,
        low=1,
        high=65_537,
        end="exclusive",
    ),
    invalid_argument(
        "logprobs-unsupported",
        f"Unable to submit request because logprobs is not supported for this model. {LEARN}",
        "this model gives no logprobs",
        "leave out `logprobs`",
    ),
    invalid_argument(
        "mime-unsupported",
        "Unable to submit request because it has a mimeType parameter with value {mime}, which is not supported. Update"
        f" the mimeType and try again. {LEARN}",
        "the model does not read the type {mime}",
        "convert the medium, or use a model that reads it",
        mime="image/x-unknown",
    ),
    *HISTORIES,
    invalid_argument(
        "file-too-large",
        "Unable to submit request because the file is too large. The file size of {size} bytes exceeds max allowed"
        " {limit} bytes.",
        "a picture has {size} bytes, but the service reads {limit}",
        "make it smaller, or send a gs:// URI",
        size=8_000_000,
        limit=7_340_032,
    ),
    invalid_argument(
        "unknown-field",
        'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.',
        "the request has fields that the service does not know",
        "leave them out; Google's own belong into extra_body.google",
        **{"key": "prefill", "where": ""},
    ),
    invalid_argument(
        "invalid-value",
        "Invalid value at '{field}' ({type}), {value}",
        "`{field}` has a value of the wrong type",
        "send a value of the type that the message names",
        **{
            "field": "tools[0].function.parameters",
            "type": "type.googleapis.com/google.cloud.aiplatform.v1.Schema",
            "value": '"object"',
        },
    ),
    *DECLARATIONS,
    # ---- 400, worded after the captured ones (fidelity.md, Refusals)
    invalid_argument(
        "effort-and-thinking-config",
        "Only one of 'reasoning_effort' and 'extra_body.google.thinking_config' can be set.",
        "the request sets both reasoning_effort and thinking_config",
        "set one of them",
    ),
    invalid_argument(
        "thinking-unsupported",
        f"Unable to submit request because thinking is not supported by this model. {LEARN}",
        "the request asks for thoughts of a model that does not think",
        "leave out reasoning_effort and thinking_config, or use a model that thinks",
    ),
    invalid_argument(
        "level-for-older",
        "Thinking level is not supported for this model.",
        "thinking_level is not for models before Gemini 3",
        "use thinking_budget or reasoning_effort",
    ),
    invalid_argument(
        "parameter-unsupported",
        f"Unable to submit request because {{field}} is not supported for this model. {LEARN}",
        "this model refuses {field}",
        "leave it out",
        field="frequencyPenalty",
    ),
    invalid_argument(
        "recursive-schema",
        "Unable to submit request because the response schema is recursive at '{path}', which is not supported."
        f" {LEARN}",
        "the response schema is recursive at {path}",
        "unroll it to a fixed depth",
        path="#/$defs/Node",
    ),
    invalid_argument(
        "missing-field", "Missing required field '{field}'.", "`{field}` is missing", "add it", field="messages"
    ),
    invalid_argument(
        "search-with-functions",
        "Multiple tools are supported only when they are all search tools.",
        "Google Search stands beside functions, which this model does not combine",
        "send them in requests of their own, or use a Gemini 3 model",
    ),
    invalid_argument(
        "function-not-offered",
        "Function '{function}' in '{field}' is not one of the declared functions.",
        "`{field}` names function {function}, which is not declared",
        "declare it, or name one that is",
        **{"function": "f", "field": "tool_choice"},
    ),
    invalid_argument(
        "no-functions",
        "'{field}' is '{mode}', but the request declares no functions.",
        "`{field}` demands a call, but no function is declared",
        "declare functions, or leave out `{field}`",
        **{"field": "tool_choice", "mode": "required"},
    ),
    invalid_argument(
        "detail-differs",
        "All 'detail' values in a request must be equal for this model; found {values}.",
        "`detail` differs between pictures, which this model does not allow",
        "send the same for all, or use a Gemini 3 model",
        values="'high', 'low'",
    ),
    invalid_argument(
        "dangling-ref",
        "The function response refers to '{ref}', but none of its parts has that display_name.",
        "a tool message refers to {ref}, but no part has this display_name",
        "name the part, or correct the reference",
        ref="a.jpg",
    ),
    invalid_argument(
        "not-base64",
        "Invalid value at '{field}' (TYPE_BYTES), Base64 decoding failed for \"{value}\"",
        "`{field}` is not base64",
        "encode the bytes as base64 on one line",
        field="data",
        value="?",
    ),
    invalid_argument(
        "not-an-image",
        "Provided image is not valid.",
        "a picture in the request does not decode",
        "send a whole PNG, JPEG, WebP or HEIC file",
    ),
    invalid_argument(
        "malformed-json",
        "Invalid JSON payload received. {reason}.",
        "the body is not a JSON object that can be read",
        "send one JSON object in UTF-8, not compressed",
        reason="Root element must be a message",
    ),
    invalid_argument(
        "no-entries",
        "Unable to submit request because at least one '{field}' entry is required.",
        "the list `{field}` is empty",
        "send at least one",
        field="messages",
    ),
    invalid_argument(
        "unsatisfiable-schema",
        "Unable to submit request because no value fits the schema{place}: {reason}.",
        "no value fits the schema of the request",
        "correct the schema, or script the reply in a scenario",
        place=" at 'response_format.json_schema.schema'",
        reason="minItems is greater than maxItems",
    ),
)
