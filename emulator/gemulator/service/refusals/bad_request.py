"""Refusals with status 400 (fidelity.md, §6)."""

from gemulator.service.refusals.refusal import Refusal

_LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
_LEARN_CALLING = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling"
_PROTO = "The GenerateContentRequest proto is invalid:\n  * {place}: "
_DECLARATION = "Unable to submit request because `{function}` functionDeclaration"
_DECLARED: dict[str, object] = {"function": "get_weather", "path": "parameters.city"}
_RANGE = (
    "Unable to submit request because it has a {field} value of {value} but the supported range is from {low}"
    " (inclusive) to {high} ({end}). Update the value and try again."
)


def _invalid(name: str, template: str, /, **defaults: object) -> Refusal:
    return Refusal(name, 400, "INVALID_ARGUMENT", template, defaults=defaults)


INVALID = (
    # ---- 400, as captured
    _invalid("invalid-argument", "Request contains an invalid argument."),
    _invalid(
        "malformed-model",
        "Malformed publisher model (`model`: '{model}') for the 'openapi' request endpoint ID; expected"
        " '<publisher>/<model>'.",
    ),
    _invalid(
        "missing-signature",
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work"
        " correctly, and missing thought_signature may lead to degraded model performance. Additional data, function"
        " call `default_api:{function}`, position {position}.",
        function="get_weather",
        position=2,
    ),
    _invalid(
        "missing-signature-older",
        "Unable to submit request because function call `default_api:{function}` in the {position}. content block is"
        " missing a `thought_signature`. Learn more:"
        " https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures",
        function="get_weather",
        position=2,
    ),
    _invalid("corrupted-signature", "Corrupted thought signature"),
    _invalid("invalid-signature", "Thought signature is not valid"),
    _invalid(
        "not-one-of",
        "Expected '{field}' to be one of: {allowed}; found {value}.",
        **{"field": "reasoning_effort", "allowed": "'high', 'low', 'max', 'medium', 'minimal'", "value": "'none'"},
    ),
    _invalid("level-unsupported", "Thinking level is unsupported: THINKING_LEVEL_{level}", level="MINIMAL"),
    _invalid("budget-and-level", "You can only set only one of thinking budget and thinking level."),
    _invalid("no-contents", f"Unable to submit request because at least one contents field is required. {_LEARN}"),
    _invalid(
        "part-unsupported",
        "An '{kind}' 'content' object element is unsupported for a(n) '{role}' message.",
        kind="image_url",
        role="tool",
    ),
    _invalid("arguments-not-json", "Expected a valid JSON object in the request"),
    _invalid(
        "too-many-tokens",
        "The input token count ({count}) exceeds the maximum number of tokens allowed ({limit}).",
        count=1_200_000,
        limit=1_048_576,
    ),
    _invalid("out-of-range", _RANGE, field="maxOutputTokens", value=100_000, low=1, high=65_537, end="exclusive"),
    _invalid(
        "logprobs-unsupported",
        f"Unable to submit request because logprobs is not supported for this model. {_LEARN}",
    ),
    _invalid(
        "mime-unsupported",
        "Unable to submit request because it has a mimeType parameter with value {mime}, which is not supported. Update"
        f" the mimeType and try again. {_LEARN}",
        mime="image/x-unknown",
    ),
    _invalid(
        "response-count",
        "Please ensure that the number of function response parts is equal to the number of function call parts of the"
        " function call turn.",
    ),
    _invalid(
        "call-order",
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
    ),
    _invalid(
        "response-name",
        f"{_PROTO}Name cannot be empty.",
        place="contents[2].parts[0].function_response.name",
    ),
    _invalid(
        "no-parts",
        "Unable to submit request because it must include at least one parts field, which describes the prompt input."
        f" {_LEARN}",
    ),
    _invalid("empty-text", "Unable to submit request because Model input cannot be empty."),
    _invalid("no-prefill", "Requests ending with a model turn are not supported."),
    _invalid(
        "file-too-large",
        "Unable to submit request because the file is too large. The file size of {size} bytes exceeds max allowed"
        " {limit} bytes.",
        size=8_000_000,
        limit=7_340_032,
    ),
    _invalid(
        "unknown-field",
        'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.',
        **{"key": "prefill", "where": ""},
    ),
    _invalid(
        "invalid-value",
        "Invalid value at '{field}' ({type}), {value}",
        **{
            "field": "tools[0].function.parameters",
            "type": "type.googleapis.com/google.cloud.aiplatform.v1.Schema",
            "value": '"object"',
        },
    ),
    # ---- 400, of declarations, as captured
    _invalid(
        "parameters-object",
        f"{_DECLARATION} parameters schema should be of type OBJECT. {_LEARN_CALLING}",
        **_DECLARED,
    ),
    _invalid(
        "any-of-alone",
        f"{_DECLARATION} `{{path}}` schema specified other fields alongside any_of. When using any_of, it must be the"
        f" only field set. {_LEARN_CALLING}",
        **_DECLARED,
    ),
    _invalid(
        "type-missing",
        f"{_DECLARATION} `{{path}}` schema didn't specify the schema type field. {_LEARN_CALLING}",
        **_DECLARED,
    ),
    _invalid(
        "items-type",
        f"{_DECLARATION} `{{path}}` schema specified incorrect schema type field. For schema with items, schema type"
        f" should be ARRAY. {_LEARN_CALLING}",
        **_DECLARED,
    ),
    _invalid(
        "array-without-items",
        f"{_PROTO}missing field",
        place="tools[0].function_declarations[0].parameters.properties[tags].items",
    ),
    _invalid(
        "enum-number",
        "Invalid value at '{place}' (TYPE_STRING), {value}",
        **{"place": "tools[0].function_declarations[0].parameters.properties[0].value.enum[0]", "value": 1},
    ),
    _invalid(
        "type-list",
        "Invalid JSON payload received. Unknown name \"type\" at '{place}': Proto field is not repeating, cannot start"
        " list.",
        place="tools[0].function_declarations[0].parameters.properties[0].value",
    ),
    _invalid("duplicate-function", "Duplicate function declaration found: {function}", function="get_weather"),
    _invalid(
        "function-name",
        f"{_PROTO}[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be"
        " alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:) or dashes (-), with a maximum length of"
        " 64.",
        place="tools[0].function_declarations[0].name",
    ),
    _invalid(
        "too-many-functions",
        f"{_PROTO}[FIELD_INVALID] At most 512 function declarations can be specified.",
        place="tools[0].function_declarations",
    ),
    _invalid("nesting-depth", "A FunctionDeclaration in the request exceeds the maximum allowed nesting depth."),
    _invalid(
        "schema-too-complex",
        "The specified schema produces a constraint that has too many states for serving. Typical causes of this error"
        " are schemas with lots of text (for example, very long property or enum names), schemas with long array length"
        " limits (especially when nested), or schemas using complex value matchers (for example, integers or numbers"
        " with minimum/maximum bounds or strings with complex formats like date-time).",
    ),
    # ---- 400, worded after the captured ones (fidelity.md, Refusals)
    _invalid(
        "effort-and-thinking-config",
        "Only one of 'reasoning_effort' and 'extra_body.google.thinking_config' can be set.",
    ),
    _invalid(
        "thinking-unsupported",
        f"Unable to submit request because thinking is not supported by this model. {_LEARN}",
    ),
    _invalid("level-for-older", "Thinking level is not supported for this model."),
    _invalid(
        "parameter-unsupported",
        f"Unable to submit request because {{field}} is not supported for this model. {_LEARN}",
        field="frequencyPenalty",
    ),
    _invalid(
        "recursive-schema",
        "Unable to submit request because the response schema is recursive at '{path}', which is not supported."
        f" {_LEARN}",
        path="#/$defs/Node",
    ),
    _invalid("missing-field", "Missing required field '{field}'.", field="messages"),
    _invalid("search-with-functions", "Multiple tools are supported only when they are all search tools."),
    _invalid(
        "function-not-offered",
        "Function '{function}' in '{field}' is not one of the declared functions.",
        **{"function": "f", "field": "tool_choice"},
    ),
    _invalid(
        "no-functions",
        "'{field}' is '{mode}', but the request declares no functions.",
        **{"field": "tool_choice", "mode": "required"},
    ),
    _invalid(
        "detail-differs",
        "All 'detail' values in a request must be equal for this model; found {values}.",
        values="'high', 'low'",
    ),
    _invalid(
        "dangling-ref",
        "The function response refers to '{ref}', but none of its parts has that display_name.",
        ref="a.jpg",
    ),
    _invalid(
        "not-base64",
        "Invalid value at '{field}' (TYPE_BYTES), Base64 decoding failed for \"{value}\"",
        field="data",
        value="?",
    ),
    _invalid("not-an-image", "Provided image is not valid."),
)
