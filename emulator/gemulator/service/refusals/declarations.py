"""Refusals of function declarations (fidelity.md, Declarations)."""

from gemulator.service.refusals.refusal import PROTO, invalid_argument

_LEARN_CALLING = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling"
_DECLARATION = "Unable to submit request because `{function}` functionDeclaration"
_DECLARED: dict[str, object] = {"function": "get_weather", "path": "parameters.city"}

DECLARATIONS = (
    invalid_argument(
        "parameters-object",
        f"{_DECLARATION} parameters schema should be of type OBJECT. {_LEARN_CALLING}",
        "the parameters of function {function} are not of type object",
        "declare `type: object` with `properties`, or no `parameters` for a function without any",
        **_DECLARED,
    ),
    invalid_argument(
        "any-of-alone",
        f"{_DECLARATION} `{{path}}` schema specified other fields alongside any_of. When using any_of, it must be the"
        f" only field set. {_LEARN_CALLING}",
        "function {function} has anyOf beside other fields at `{path}`",
        "leave anyOf alone there: move description and default into its branches",
        **_DECLARED,
    ),
    invalid_argument(
        "type-missing",
        f"{_DECLARATION} `{{path}}` schema didn't specify the schema type field. {_LEARN_CALLING}",
        "function {function} has a schema without a type at `{path}`",
        "add the type",
        **_DECLARED,
    ),
    invalid_argument(
        "items-type",
        f"{_DECLARATION} `{{path}}` schema specified incorrect schema type field. For schema with items, schema type"
        f" should be ARRAY. {_LEARN_CALLING}",
        "function {function} has `items` at `{path}`, but not the type array",
        "declare an array, or leave out `items`",
        **_DECLARED,
    ),
    invalid_argument(
        "array-without-items",
        f"{PROTO}missing field",
        "function {function} has an array without `items`",
        "add `items` with a type to each array that the message names",
        place="tools[0].function_declarations[0].parameters.properties[tags].items",
        function="get_weather",
    ),
    invalid_argument(
        "enum-number",
        "Invalid value at '{place}' (TYPE_STRING), {value}",
        "function {function} has numbers or booleans in an enum",
        "write them as texts, with the type string",
        **{
            "place": "tools[0].function_declarations[0].parameters.properties[0].value.enum[0]",
            "value": 1,
            "function": "get_weather",
        },
    ),
    invalid_argument(
        "type-list",
        "Invalid JSON payload received. Unknown name \"type\" at '{place}': Proto field is not repeating, cannot start"
        " list.",
        "function {function} has a list as `type`",
        "write one type, and `nullable: true` for null",
        place="tools[0].function_declarations[0].parameters.properties[0].value",
        function="get_weather",
    ),
    invalid_argument(
        "duplicate-function",
        "Duplicate function declaration found: {function}",
        "function {function} is declared twice",
        "declare it once in all of `tools` and `functions`",
        function="get_weather",
    ),
    invalid_argument(
        "function-name",
        f"{PROTO}[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be"
        " alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:) or dashes (-), with a maximum length of"
        " 64.",
        "the service does not take the function name {function}",
        "begin with a letter or _, and use only letters, digits and _ . : -, 64 at most",
        place="tools[0].function_declarations[0].name",
        function="9 lives",
    ),
    invalid_argument(
        "too-many-functions",
        f"{PROTO}[FIELD_INVALID] At most 512 function declarations can be specified.",
        "the request declares more than 512 functions",
        "offer fewer, chosen for the request",
        place="tools[0].function_declarations",
    ),
    invalid_argument(
        "nesting-depth",
        "A FunctionDeclaration in the request exceeds the maximum allowed nesting depth.",
        "the parameters of function {function} are nested too deeply",
        "flatten them",
        **_DECLARED,
    ),
    invalid_argument(
        "schema-too-complex",
        "The specified schema produces a constraint that has too many states for serving. Typical causes of this error"
        " are schemas with lots of text (for example, very long property or enum names), schemas with long array length"
        " limits (especially when nested), or schemas using complex value matchers (for example, integers or numbers"
        " with minimum/maximum bounds or strings with complex formats like date-time).",
        "a schema has too many states to be enforced",
        "shorten names and enums, or drop bounds and formats",
    ),
)
