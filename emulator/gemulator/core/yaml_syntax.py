"""Words for syntax errors of YAML."""

import re
from pathlib import Path

import yaml

from gemulator.core.errors import Problem

_TAB = "found a tab"
_TOO_DEEP = "exceeded maximum nesting depth"
_REMEDIES = (
    (
        "mapping values are not allowed",
        "`:` is not allowed here",
        "Quote a text that contains `: `, or check the indentation.",
    ),
    (_TOO_DEEP, "the nesting is too deep", "Nest less: a document has at most 100 levels."),
    ("invalid Unicode", "an escape stands for no character", "Write the character itself, or both halves of a pair."),
    (_TAB, "a tab is used for indentation", "YAML is indented with spaces."),
    (
        "found character that cannot start",
        "a value cannot begin with this character",
        "Quote the text, and indent with spaces only.",
    ),
    ("could not find expected ':'", "a key has no `:`", "Write `key: value`."),
    ("did not find expected key", "the indentation does not fit the lines above", "Align the keys of one block."),
    (
        "did not find expected '-' indicator",
        "the indentation does not fit the list above",
        "Align the dashes of one list.",
    ),
    ("found undefined alias", "an alias has no anchor", "Define it further up with `&name`."),
    ("but found another document", "a second document begins here", "One file holds one scenario."),
    ("found unexpected end of stream", "a quote is not closed", "Close the quoted text."),
    ("did not find expected ',' or", "a comma or a closing bracket is missing", "Separate entries with a comma."),
    ("did not find expected node content", "a value is missing", "Add one, or quote a text with special characters."),
    ("while scanning a tag", "`!` begins a tag, which scenarios have not", "Quote the text."),
    ("found unknown escape character", "this escape is unknown", "Use single quotes, in which `\\` is plain."),
    ("block sequence entries are not allowed", "a list cannot begin here", "Begin it on a line of its own."),
)
_LONGEST_LINE = 1_000  # characters that are looked at
_OTHER = ("this is not valid YAML", "Quote texts with special characters; check brackets, commas and indentation.")

_NO_SPACE = re.compile(r"(?P<indent> *)-(?P<rest>[\w.-]+:(?: .*)?)")
_ENTRY = re.compile(r"(?P<head> *(?:- +)*(?:[\w.-]+: +)?)(?P<value>\S.*)")
_NEXT_KEY = re.compile(r"(?<=[^\s,{\[:]) +(?=[\w.-]+: )")
_ANCHOR = re.compile(r"[*&][\w-]+(?: |$)")
_BLOCK_HEAD = re.compile(r"[>|][-+\d]*\s*(?:#.*)?")
_QUOTED = re.compile(r"(?:'(?:[^']|'')*+'|\"(?:[^\"\\]|\\.)*+\")(?P<rest>.*)")
_NOTHING = re.compile(r"\s*(?:#.*)?")
_PAIRS = {"{": "}", "[": "]"}


def explain_syntax(error: yaml.MarkedYAMLError, text: str, file: Path) -> Problem:
    """Return the problem of an error in a text, with its remedy."""
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    text_of_error = f"{error.problem or ''} {error.context or ''}"
    for place in filter(None, (error.problem_mark, error.context_mark)):
        line = lines[place.line] if place.line < len(lines) else ""
        if line.lstrip(" ").startswith("\t"):
            text_of_error = _TAB
        elif _TOO_DEEP not in text_of_error and (found := _explain_line(line[:_LONGEST_LINE], text_of_error)):
            return Problem(file, place.line + 1, found[0] + 1, "", found[1], found[2])
    message, remedy = next(((words, remedy) for key, words, remedy in _REMEDIES if key in text_of_error), _OTHER)
    return Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", message, remedy)


def _explain_line(line: str, error: str) -> tuple[int, str, str] | None:
    """Return column, message and remedy of a mistake that the line itself shows; None if there is none."""
    dash = _NO_SPACE.fullmatch(line)
    if dash is not None:
        return len(dash["indent"]), "a dash needs a space after it", f"Write it as `- {dash['rest']}`."
    next_key = _NEXT_KEY.search(line, max(line.find("{"), 0)) if "did not find expected ',' or" in error else None
    if next_key is not None:
        at = next_key.end()
        return at, "a comma is missing", f"Write it as `{line[:at].strip()}, {line[at:].strip()}`."
    entry = _ENTRY.fullmatch(line)
    if entry is None or not entry["head"].strip():
        return None
    reason = _unquoted(entry["value"])
    if reason is None:
        return None
    remedy = f"Write it as `{entry['head'].strip()} {quoted(_inner(entry['value']))}`."
    return len(entry["head"]), f"a text {reason} must be quoted", remedy


def _unquoted(value: str) -> str | None:
    """Return the reason why a value is no plain text, though it is meant as one; None if there is none."""
    first = value[0]
    if first in _PAIRS:
        return f"that begins with `{'{{' if value.startswith('{{') else first}`" if _goes_on(value) else None
    if first in "\"'":
        ended = _QUOTED.fullmatch(value)
        return "that goes on after a quote" if ended and not _NOTHING.fullmatch(ended["rest"]) else None
    if first in "%@`!" or value.startswith(("- ", "? ")):
        return f"that begins with `{first}`" if first != "`" else "that begins with a backtick"
    if (first in "*&" and not _ANCHOR.match(value)) or (first in ">|" and not _BLOCK_HEAD.fullmatch(value)):
        return f"that begins with `{first}`"
    return "with `: ` in it" if ": " in value and first not in "*&>|" else None


def _goes_on(value: str) -> bool:
    """Return True if there is text after the bracket that closes the first one."""
    if value.startswith("{{"):
        return True
    depth = 0
    for position, character in enumerate(value):
        depth += (character == value[0]) - (character == _PAIRS[value[0]])
        if depth == 0:
            return not _NOTHING.fullmatch(value[position + 1 :])
    return False


def _inner(value: str) -> str:
    """Return a text without the quotes around it, of which one inside has ended it."""
    return value[1:-1] if len(value) > 2 and value[0] == value[-1] and value[0] in "\"'" else value


def quoted(text: str) -> str:
    """Return a text in quotes, as it is written in YAML."""
    return f"'{text}'" if "'" not in text else '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
