"""Command line options for Settings: flag, GEMULATOR_ variable, gemulator.toml key."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from pydantic.fields import FieldInfo

from gemulator.core.errors import ScenarioError
from gemulator.core.setting_error import SettingError
from gemulator.core.setting_sources import (
    Sourced,
    combine,
    default_file,
    read_file,
    read_variables,
    unknown_variables,
    variable_of,
)
from gemulator.core.settings import Settings

_FILE = "gemulator.file"  # key of the file's settings in the context of a command
_LISTED = " Repeatable; separate several values with commas."
_REPEATED = " Repeatable."


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for every field of Settings, and `--config`."""
    return settings_subset(*Settings.model_fields)(command)


def settings_subset(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds options for the named fields of Settings, and `--config`."""
    return lambda command: _with_options(command, names)


def _with_options(command: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    for name in reversed(names):
        command = _option(name, Settings.model_fields[name])(command)
    config = click.Option(
        ["--config"],
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        default=default_file,
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="TOML file with these options as keys.  [default: gemulator.toml if it exists]",
        envvar="GEMULATOR_CONFIG",
        show_envvar=True,
    )
    command.__click_params__.append(config)  # type: ignore[attr-defined]
    return command


class _SettingOption(click.Option):
    """Option whose variable is shown in the help and read by `settings_from_options`."""

    def value_from_envvar(self, ctx: click.Context) -> None:
        return None


def _option(name: str, field: FieldInfo) -> Callable[..., Any]:
    multiple = Settings.takes_list(name)
    kind = get_args(field.annotation)[0] if multiple else _without_none(field.annotation)
    flag = _flag(name)
    return click.option(
        f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
        name,
        cls=_SettingOption,
        envvar=variable_of(name),
        multiple=multiple,
        type=_click_type(kind),
        default=None,
        help=f"{field.description}{_LISTED if Settings.splits(name) else _REPEATED * multiple}{_default_text(field)}",
        show_envvar=True,
    )


def _without_none(annotation: Any) -> Any:
    """Return the type of an option that may be unset."""
    given = [kind for kind in get_args(annotation) if kind is not type(None)]
    return given[0] if type(None) in get_args(annotation) and len(given) == 1 else annotation


def _click_type(annotation: Any) -> Any:
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    if choices:
        return click.Choice(choices)
    if annotation is Path or Path in get_args(annotation):
        return click.Path()  # a Path would turn the empty value into the current folder
    return annotation if annotation in {int, float, bool} else str


def _default_text(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "  [default: ./scenarios if it exists, else the shipped examples]"
    return "" if field.default is None or field.default == () else f"  [default: {field.default}]"


def _load_config(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    try:
        ctx.meta[_FILE] = read_file(value)
    except SettingError as error:
        raise _usage_error(error) from None


def settings_from_options(options: Mapping[str, Any], **defaults: Any) -> Settings:
    """Return the Settings of parsed options, of variables, of the file and `defaults`, in this order.

    Warn about misspelt variables. Raises UsageError naming the source of an invalid value.
    """
    for warning in unknown_variables(os.environ):
        click.echo(f"gemulator: warning: {warning}", err=True)
    flags = {name: Sourced(_split(name, value), "") for name, value in options.items() if value not in (None, ())}
    layers = (read_variables(os.environ), click.get_current_context().meta[_FILE])
    below = [{name: one for name, one in layer.items() if name in options} for layer in layers]
    try:
        return combine(flags, *below, {name: Sourced(value, "") for name, value in defaults.items()})
    except SettingError as error:
        raise _usage_error(error) from None


def _split(name: str, value: Any) -> Any:
    """Return the values of an option that may be repeated and may have several values each."""
    if not Settings.splits(name):
        return value
    return [part.strip() for text in value for part in (text.split(",") if text else [text])]


@contextmanager
def reporting_errors(settings: Settings) -> Iterator[None]:
    """Turn errors of using the settings into errors of the command, naming the option."""
    try:
        yield
    except SettingError as error:
        raise _usage_error(error) from None
    except ScenarioError as error:
        files = {problem.file for problem in error.problems}
        source = next((name for name in ("policy", "catalog") if getattr(settings, name) in files), "scenarios")
        raise click.ClickException(f"the {source} cannot be used:\n{error}") from None
    except ModuleNotFoundError as error:  # names the missing extra
        raise click.ClickException(str(error)) from None


def _usage_error(error: SettingError) -> click.UsageError:
    source = f" ({error.source})" if error.source else ""
    return click.UsageError(f"{_flag(error.name)}{source}: {error.reason}")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
