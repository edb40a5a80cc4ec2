"""Commands `gemulator check`, `explain` and `schema`."""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from gemulator.cli.scenario_source import report_default_scenarios
from gemulator.cli.settings_options import reporting_errors, settings_from_options, settings_subset
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.json_types import JSON
from gemulator.core.printable import printable_lines
from gemulator.request.target import Target
from gemulator.scenario.authoring.lint import lint, parse_tools, tools_file
from gemulator.scenario.authoring.recorded_lint import lint_recorded, system_text
from gemulator.scenario.library import load_folders
from gemulator.scenario.loading.folder import Folder

_FORMATS = ("text", "json", "github")


@click.command(short_help="Check scenario files for mistakes.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", help="Output format.")
@click.option("--tools", type=click.File("rb"), help="JSON request or list of tools, for checking `with:`.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too, not on hints.")
@settings_subset("scenarios")
def check(paths: tuple[Path, ...], form: str, tools: BinaryIO | None, strict: bool, **options: Any) -> None:
    """Check the scenario files in PATHS (default: those that `serve` would load).

    The exit code is 0 if they can be loaded, otherwise 1. `_tools.json` in a folder is read as `--tools`.
    """
    folders = [Folder(path) for path in paths or _default_scenarios(options)]
    trees = _read_trees(tools, folders)
    count, problems = _find_problems(folders, _read_tools(trees), next(filter(None, map(system_text, trees)), None))
    _write(problems, form)
    levels = Counter(problem.level for problem in problems)
    errors, warnings, hints = levels["error"], levels["warning"], levels["hint"]
    if form == "text":
        more = f", {hints} hints" if hints else ""
        click.echo(f"{count} scenarios, {errors} problems, {warnings} warnings{more}", err=bool(problems))
    sys.exit(1 if errors or (strict and warnings) else 0)


def _default_scenarios(options: Mapping[str, Any]) -> Sequence[Path]:
    settings = settings_from_options(options)
    report_default_scenarios(settings)
    return settings.scenarios


def _find_problems(
    folders: Sequence[Folder], tools: Mapping[str, JSON], system: str | None
) -> tuple[int, Sequence[Problem]]:
    """Return the number of scenarios and their problems."""
    try:
        library = load_folders(folders)
    except ScenarioError as error:
        return sum(len(list(folder.scenarios())) for folder in folders if folder.path.exists()), error.problems
    drifts = lint_recorded(library.located_turns, tools, system)
    found = sorted((*lint(library, folders, tools), *drifts), key=lambda problem: (str(problem.file), problem.line))
    return len(library.scenarios), found


def _read_trees(option: BinaryIO | None, folders: Sequence[Folder]) -> Sequence[JSON]:
    """Return the JSON of `--tools`, or of the `_tools.json` of the folders."""
    files = [tools_file(folder.root) for folder in folders]
    sources = [option.read()] if option else [file.read_bytes() for file in files if file is not None]
    try:
        return [orjson.loads(source) for source in sources]
    except ValueError as error:
        raise click.ClickException(f"the tools cannot be read: {error}") from None


def _read_tools(trees: Sequence[JSON]) -> Mapping[str, JSON]:
    tools: dict[str, JSON] = {}
    for tree in trees:
        try:
            tools |= parse_tools(tree)
        except ValueError as error:
            raise click.ClickException(f"the tools cannot be read: {error}") from None
    return tools


def _write(problems: Sequence[Problem], form: str) -> None:
    if form == "json":
        click.echo(orjson.dumps([_problem_json(problem) for problem in problems], option=orjson.OPT_INDENT_2))
        return
    for problem in problems:
        click.echo(_github_annotation(problem) if form == "github" else str(problem))


def _problem_json(problem: Problem) -> dict[str, object]:
    return {
        "level": problem.level,
        "file": str(problem.file),
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _github_annotation(problem: Problem) -> str:
    """Format a problem as a GitHub workflow command, which annotates the line in a pull request."""
    message = ": ".join(filter(None, (problem.path, problem.message)))
    text = " ".join(filter(None, (f"{message}.", problem.remedy)))
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    level = "notice" if problem.hint else problem.level
    return f"::{level} file={problem.file},line={problem.line},col={problem.column}::{escaped}"


@click.command(short_help="Explain which turn answers a request.")
@click.argument("request_file", metavar="REQUEST.json", type=click.File("rb"))
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="Request header.")
@click.option("--endpoint", default="openapi", show_default=True, help="Endpoint id in the path.")
@click.option("--location", default="global", show_default=True, help="Location in the path.")
@click.option("--project", default="demo", show_default=True, help="Project in the path.")
@settings_subset(
    *("scenarios", "unmatched", "upstream", "seed", "clock", "speed", "strictness", "catalog"),
    *("wire", "tool_index", "fragment", "calls_per_delta", "stream_usage", "tool_calls", "redact"),
)
def explain(
    request_file: BinaryIO, headers: tuple[str, ...], endpoint: str, location: str, project: str, **options: Any
) -> None:
    """Explain which turn answers a request, why others do not match, and the timing of the answer.

    REQUEST.json is the body of a chat request; `-` reads standard input.
    """
    from gemulator.server.app import create_app
    from gemulator.server.auth.identity import rebuild_request
    from gemulator.state.store import DEFAULT

    settings = settings_from_options(options)
    with reporting_errors(settings):
        engine = create_app(settings).state.engine
    report_default_scenarios(settings)
    target = Target("v1", project, location, endpoint)
    path = f"/v1/projects/{project}/locations/{location}/endpoints/{endpoint}/chat/completions"
    parsed = dict(map(_parse_header, headers))
    request = rebuild_request(request_file.read(), path, target, parsed, DEFAULT)
    if request.caller.error:
        raise click.UsageError(f"--header: {request.caller.error}")
    click.echo(printable_lines(asyncio.run(engine.explain(request)).text(engine.redactor)))


def _parse_header(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header: {text!r} is not a header: write it like 'x-tenant: acme'")
    return name.strip().lower().encode("latin-1", "replace"), value.strip().encode("latin-1", "replace")


@click.command(short_help="Print the JSON Schema of scenario files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown", "errors"]),
    default="json",
    help="JSON Schema, reference page, or page of the service's errors.",
)
def schema(form: str) -> None:
    """Print the JSON Schema of scenario files (for editors), or a reference page."""
    if form == "errors":
        from gemulator.scenario.authoring.errors_page import errors_reference

        click.echo(errors_reference(), nl=False)
        return
    if form == "markdown":
        from gemulator.scenario.authoring.reference_page import reference

        click.echo(reference(), nl=False)
        return
    from gemulator.scenario.authoring.json_schema import scenario_schema

    click.echo(orjson.dumps(scenario_schema(), option=orjson.OPT_INDENT_2))
