"""Lint of a file's text: what YAML accepts, but an author did not mean."""

import re
from collections.abc import Iterator
from pathlib import Path

from gemulator.core.credentials import find_credentials
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import read, text_of_file
from gemulator.core.yaml_syntax import quoted
from gemulator.core.yaml_texts import Text, texts_of

CREDENTIAL_REMEDY = "Write a dummy that looks like none: scenarios are kept and shown as they are written."
_CUT = re.compile(r"\s+#(?=[^\s#])")


def lint_text(file: Path) -> Iterator[Problem]:
    """Yield warnings about texts that are cut or taken for something else."""
    try:
        texts = list(texts_of(read(text_of_file(file), file)))
    except ScenarioError:  # reported when the file is loaded
        return
    for text in texts:
        kinds = find_credentials(text.value.encode("utf-8", "surrogatepass"))
        if kinds:
            yield _warning(file, text, f"the text has {kinds[0]} in it", CREDENTIAL_REMEDY)
        cut, statement = _CUT.match(text.rest), _statement(text.value)
        if cut is not None:
            whole = quoted(f"{text.value}{text.rest.rstrip()}")
            message = f"the text ends before `{text.rest.strip()}`: without quotes, ` #` begins a comment"
            yield _warning(file, text, message, f"Quote it: {whole}. If it is a comment, put a space after `#`.")
        elif text.anchor:
            message = f"without quotes, `&{text.anchor}` is an anchor, and no alias uses it"
            yield _warning(file, text, message, f"Quote the text: {quoted(f'&{text.anchor} {text.value}')}.")
        elif statement:
            message = f"`{statement}` is sent as it stands: templates have no statements"
            yield _warning(file, text, message, "Use `{{ … }}` for values, and one turn for each case.")


def _statement(text: str) -> str:
    """Return the first `{% … %}` of a text, empty if there is none."""
    begin = text.find("{%")
    end = text.find("%}", begin) if begin >= 0 else -1
    return text[begin : end + 2] if end >= 0 else ""


def _warning(file: Path, text: Text, message: str, remedy: str) -> Problem:
    return Problem(file, text.line, text.column, "", message, remedy, warning=True)
