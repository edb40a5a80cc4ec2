"""What vLLM refuses in the form that a request demands of the answer (fidelity.md, vLLM)."""

from collections.abc import Iterator, Mapping

from gemulator.core.json_types import JSON
from gemulator.request.body import ChatRequest
from gemulator.service.guided_decoding import KINDS, InvalidConstraint, RegexConstraint, constraint_of

_OTHERS: Mapping[str, JSON] = {
    "disable_fallback": False,
    "disable_any_whitespace": False,
    "disable_additional_properties": False,
    "whitespace_pattern": None,
    "structural_tag": None,
    "_backend": None,
    "_backend_was_auto": False,
}


def objections(request: ChatRequest) -> Iterator[tuple[str | None, str]]:
    """The field that becomes `param`, and what is wrong: the first is said."""
    further = request.extra_fields
    if not further and request.response_format is None:
        return
    if sum(further.get(f"guided_{kind}") is not None for kind in ("json", "regex", "choice")) > 1:
        kinds = "'guided_json', 'guided_regex' or 'guided_choice'"
        yield "guided_json", f"You can only use one kind of guided decoding ({kinds})."
    nested = further.get("structured_outputs")
    if isinstance(nested, dict):
        yield from ((None, message) for message in _combined(nested))
    asked = nested if isinstance(nested, dict) else {kind: further.get(f"guided_{kind}") for kind in KINDS}
    yield from ((None, message) for message in _empty(asked))
    form = constraint_of(request)
    if isinstance(form, InvalidConstraint):
        yield None, form.reason
    if isinstance(form, RegexConstraint) and form.fault:
        yield "structured_outputs", f"Failed to compile the regular expression {form.pattern!r}: {form.fault}"


def _combined(asked: Mapping[str, JSON]) -> Iterator[str]:
    given = [kind for kind in KINDS if asked.get(kind) is not None]
    if len({"json", "regex", "choice"}.intersection(given)) > 1:
        yield "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice')."
    shown = {kind: asked.get(kind) for kind in KINDS[:-1]} | {key: asked.get(key, _OTHERS[key]) for key in _OTHERS}
    if len(given) > 1:
        yield f"You can only use one kind of structured outputs constraint but multiple are specified: {shown}"
    if not given:
        yield f"You must use one kind of structured outputs constraint but none are specified: {shown}"


def _empty(asked: Mapping[str, JSON]) -> Iterator[str]:
    if asked.get("choice") == []:
        yield "Choice '[]' cannot be an empty list"
    for kind in ("grammar", "json"):
        written = asked.get(kind)
        if isinstance(written, str) and not written.strip():
            yield f"structured_outputs.{kind} cannot be an empty string"
    if asked.get("json_object") is False:
        advice = "omit structured_outputs to disable structured outputs"
        yield f"structured_outputs.json_object must be True if set; {advice}"
