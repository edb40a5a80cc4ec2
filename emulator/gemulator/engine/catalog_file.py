"""Catalog reader for YAML files."""

from pathlib import Path
from typing import Any

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import text_of_file
from gemulator.dialects import DIALECTS
from gemulator.service.catalog import Catalog


def read_catalog(*files: Path) -> Catalog:
    """Return the catalog of the YAML files; earlier files take precedence. Raise ScenarioError for a wrong entry."""
    documents = [yaml.read(text_of_file(file), file) for file in files]
    problems = [problem for document in documents for problem in document.problems]
    problems = problems or [_no_entries(document.file) for document in documents if _is_empty(document.data)]
    if problems:
        raise ScenarioError(problems)
    trees = [document.data for document in documents if isinstance(document.data, dict)]
    try:
        return Catalog.read(*trees, dialects=DIALECTS)
    except ValueError as error:
        raise ScenarioError([Problem(files[0], 1, 1, "", str(error))]) from None


def _is_empty(data: Any) -> bool:
    """Return True if no section of a catalog has an entry."""
    return not isinstance(data, dict) or not any(data.get(section) for section in ("models", "endpoints", "families"))


def _no_entries(file: Path) -> Problem:
    remedy = "Add `models`, `endpoints` or `families`, or leave out the option."
    return Problem(file, 1, 1, "", "the catalog has no entries", remedy)
