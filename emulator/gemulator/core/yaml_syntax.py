"""Words for syntax errors of YAML."""

from pathlib import Path

import yaml

from gemulator.core.errors import Problem

_TAB = "found a tab"
_REMEDIES = (
    (
        "mapping values are not allowed",
        "`:` is not allowed here",
        "Quote a text that contains `: `, or check the indentation.",
    ),
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
)


def explain_syntax(error: yaml.MarkedYAMLError, text: str, file: Path) -> Problem:
    """Return the problem of an error in a text, with its remedy."""
    mark = error.problem_mark or error.context_mark
    text_of_error = f"{error.problem or ''} {error.context or ''}"
    if mark and any(line.lstrip(" ").startswith("\t") for line in text.split("\n")[mark.line : mark.line + 1]):
        text_of_error = _TAB
    message, remedy = next(
        ((words, remedy) for key, words, remedy in _REMEDIES if key in text_of_error),
        (f"not valid YAML: {text_of_error.strip()}", ""),
    )
    return Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", message, remedy)
