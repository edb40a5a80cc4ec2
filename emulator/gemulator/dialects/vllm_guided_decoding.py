"""Validation of vLLM's guided decoding fields (fidelity.md, vLLM)."""

from collections.abc import Iterator, Mapping

from gemulator.core.json_types import JSON
from gemulator.request.body import ChatRequest
from gemulator.service.guided_decoding import KINDS, InvalidConstraint, RegexConstraint, constraint_of

_OTHER_FIELDS: Mapping[str, JSON] = {
    "disable_fallback": False,
    "disable_any_whitespace": False,
    "disable_additional_properties": False,
    "whitespace_pattern": None,
    "structural_tag": None,
    "_backend": None,
    "_backend_was_auto": False,
}


def constraint_errors(request: ChatRequest) -> Iterator[tuple[str | None, str]]:
    """Yield `param` and message of each error; vLLM reports the first one."""
    fields = request.extra_fields
    if not fields and request.response_format is None:
        return
    if sum(fields.get(f"guided_{kind}") is not None for kind in ("json", "regex", "choice")) > 1:
        kinds = "'guided_json', 'guided_regex' or 'guided_choice'"
        yield "guided_json", f"You can only use one kind of guided decoding ({kinds})."
    nested = fields.get("structured_outputs")
    if isinstance(nested, dict):
        yield from ((None, message) for message in _combination_errors(nested))
    values = nested if isinstance(nested, dict) else {kind: fields.get(f"guided_{kind}") for kind in KINDS}
    yield from ((None, message) for message in _empty_value_errors(values))
    constraint = constraint_of(request)
    if isinstance(constraint, InvalidConstraint):
        yield None, constraint.reason
    if isinstance(constraint, RegexConstraint) and constraint.syntax_error:
        message = f"Failed to compile the regular expression {constraint.pattern!r}: {constraint.syntax_error}"
        yield "structured_outputs", message


def _combination_errors(values: Mapping[str, JSON]) -> Iterator[str]:
    given = [kind for kind in KINDS if values.get(kind) is not None]
    if len({"json", "regex", "choice"}.intersection(given)) > 1:
        yield "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice')."
    params = {kind: values.get(kind) for kind in KINDS[:-1]}
    params |= {key: values.get(key, default) for key, default in _OTHER_FIELDS.items()}
    if len(given) > 1:
        yield f"You can only use one kind of structured outputs constraint but multiple are specified: {params}"
    if not given:
        yield f"You must use one kind of structured outputs constraint but none are specified: {params}"


def _empty_value_errors(values: Mapping[str, JSON]) -> Iterator[str]:
    if values.get("choice") == []:
        yield "Choice '[]' cannot be an empty list"
    for kind in ("grammar", "json"):
        value = values.get(kind)
        if isinstance(value, str) and not value.strip():
            yield f"structured_outputs.{kind} cannot be an empty string"
    if values.get("json_object") is False:
        advice = "omit structured_outputs to disable structured outputs"
        yield f"structured_outputs.json_object must be True if set; {advice}"
