"""Reports of tool results: every value appears in the text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gemulator.core.seed import Seed
from gemulator.generate.text.languages.language import Language

_INLINE = 6


def tool_report(seed: Seed, language: Language, results: Sequence[tuple[str, Any]]) -> str:
    """Return one sentence for a small result, a list or table for a larger one, a paragraph per tool for several."""
    parsed = [(name, _parse(value)) for name, value in results]
    others = [_without_result(name, value, language) for name, value in parsed if not _has_content(value)]
    good = [(name, value) for name, value in parsed if _has_content(value)]
    if not good:
        return "\n\n".join(others)
    lead = seed.child("lead").pick(language.found)
    if len(good) == 1:
        return "\n\n".join([_sentence(lead, _report_one(good[0][1]), language), *others])
    report = "\n".join(f"- **{name}**: {_indent(_report_one(value))}" for name, value in good)
    return "\n\n".join([_sentence(lead, f"\n\n{report}", language), *others])


def _sentence(lead: str, report: str, language: Language) -> str:
    text = lead.replace("{r}", f"\n\n{report}" if "\n" in report and not report.startswith("\n") else report)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return text if "\n" in text or text[-1:] in ".!?。！？।؟" else text + language.stop


def _indent(report: str) -> str:
    return report if "\n" not in report else "\n\n  " + report.replace("\n", "\n  ")


def _parse(value: Any) -> Any:
    """Return the value of a JSON text, or the value unchanged."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _is_failure(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value.get("error")) and len(value) <= 3


def _has_content(value: Any) -> bool:
    """Return True if there is something to report: failed tools and plain actions return nothing."""
    result = value.strip() if isinstance(value, str) else value
    return result not in ("", "null", None, {}, []) and not _is_failure(value)


def _without_result(name: str, value: Any, language: Language) -> str:
    if _is_failure(value):
        return _failure(name, value, language)
    return language.leads["silent"][0].replace("{tool}", name)


def _failure(name: str, value: Mapping[str, Any], language: Language) -> str:
    lead = language.leads["failed"][0].replace("{tool}", name)
    report = [_inline(value["error"]), *(_inline(rest) for key, rest in value.items() if key != "error")]
    return _sentence(lead, ", ".join(report), language)


def _report_one(value: Any) -> str:
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list):
        return _list(value)
    return _inline(value)


def _object(value: Mapping[str, Any]) -> str:
    if len(value) <= _INLINE and not any(isinstance(member, Mapping | list) for member in value.values()):
        return ", ".join(f"{_words(key)} {_inline(member)}" for key, member in value.items())
    return "\n".join(f"- {path}: {_inline(member)}" for path, member in _flat(value, ""))


def _list(value: list[Any]) -> str:
    if not any(isinstance(member, Mapping | list) for member in value):
        return ", ".join(map(_inline, value))
    rows = [member for member in value if isinstance(member, Mapping)]
    keys = list(rows[0]) if rows else []
    if keys and len(rows) == len(value) and all(list(row) == keys for row in rows) and not _has_nested_values(rows):
        head = [" | ".join(map(_words, keys)), " | ".join("---" for _ in keys)]
        cells = [" | ".join(_inline(row[key]).replace("|", "\\|").replace("\n", " ") for key in keys) for row in rows]
        return "\n".join(f"| {line} |" for line in [*head, *cells])
    return "\n".join(f"- {_inline(member)}" for member in value)


def _has_nested_values(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(isinstance(cell, Mapping | list) for row in rows for cell in row.values())


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, member in value.items():
            yield from _flat(member, f"{path} › {_words(key)}" if path else _words(key))
    else:
        yield path, value


def _inline(value: Any) -> str:
    match value:
        case str():
            return value
        case Mapping():
            return ", ".join(f"{_words(key)}: {_inline(member)}" for key, member in value.items())
        case list():
            return ", ".join(map(_inline, value))
        case None:
            return "–"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def _words(key: object) -> str:
    return str(key).replace("_", " ")
