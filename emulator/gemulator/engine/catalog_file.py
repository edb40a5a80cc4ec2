"""Catalog reader for YAML files."""

from pathlib import Path

from gemulator.core import located_yaml as yaml
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.located_yaml import text_of_file
from gemulator.dialects import DIALECTS
from gemulator.service.catalog import Catalog


def read_catalog(*files: Path) -> Catalog:
    """Return the catalog of the YAML files; earlier files take precedence. Raise ScenarioError for a wrong entry."""
    documents = [yaml.read(text_of_file(file), file) for file in files]
    problems = [problem for document in documents for problem in document.problems]
    if problems:
        raise ScenarioError(problems)
    trees = [document.data if isinstance(document.data, dict) else {} for document in documents]
    try:
        return Catalog.read(*trees, dialects=DIALECTS)
    except ValueError as error:
        raise ScenarioError([Problem(files[0], 1, 1, "", str(error))]) from None
