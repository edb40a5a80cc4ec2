"""Google's refusals by name (fidelity.md, §6), for rules and scenarios."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.service.refusals.bad_request import INVALID
from gemulator.service.refusals.other import OTHERS
from gemulator.service.refusals.refusal import Refusal, field_violations

_ALL = (*INVALID, *OTHERS)

REFUSALS: Mapping[str, Refusal] = {refusal.name: refusal for refusal in _ALL}


def default_for_status(status: int) -> Refusal:
    """Return the first refusal with a status, or with the general 400 or 500."""
    general = 500 if status >= 500 else 400
    return next(refusal for code in (status, general) for refusal in _ALL if refusal.status == code)


def refuse(name: str, /, *, at: str | None = None, **values: object) -> Failure:
    """Return the refusal `name` with its values; `at` is the path of the invalid field in the request."""
    return REFUSALS[name].failure(values, at)


def invalid_proto(name: str, places: Sequence[str], function: str = "") -> Failure:
    """Return the refusal of an invalid proto `name` with one line for each of the places."""
    failure = refuse(name, place=places[0], function=function)
    head, _, first = failure.message.partition("\n")
    lines = [first.replace(places[0], place) for place in places]
    pairs = [(place, line.removeprefix("  * ")) for place, line in zip(places, lines, strict=True)]
    return replace(failure, message="\n".join((head, *lines)), details=field_violations(pairs), field=places[0])


def refuse_all(name: str, violations: Sequence[tuple[str | None, str]], function: str = "") -> Failure:
    """Return the refusal `name` with one line of the message for each violation, a pair of field and text."""
    message = "\n".join(text for _, text in violations)
    return replace(
        refuse(name, function=function), message=message, details=field_violations(violations), field=violations[0][0]
    )


__all__ = ["REFUSALS", "Refusal", "default_for_status", "invalid_proto", "refuse", "refuse_all"]
