"""Command line options for Settings: flag, GEMULATOR_ variable, gemulator.toml key."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from gemulator.core.errors import ScenarioError
from gemulator.core.settings import NEVER_EMPTY, SettingError, Settings


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
        default=_default_config,
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
    """Option of which an empty variable is an empty value, where Settings refuse one; click takes it as not set."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        if value is None and self.name in NEVER_EMPTY and not self.multiple and os.environ.get(str(self.envvar)) == "":
            return ""
        return value


def _option(name: str, field: FieldInfo) -> Callable[..., Any]:
    multiple = _is_multiple(name)
    kind = get_args(field.annotation)[0] if multiple else _without_none(field.annotation)
    flag = name.replace("_", "-")
    return click.option(
        f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}",
        name,
        cls=_SettingOption,
        envvar=f"GEMULATOR_{name.upper()}",
        multiple=multiple,
        type=_click_type(kind),
        default=None,
        help=f"{_option_help(field, element=kind if multiple else None)}{_default_text(field)}",
        show_envvar=True,
    )


def _option_help(field: FieldInfo, element: Any) -> str:
    """Return the description of a field, with the separator of the variable if it takes several values."""
    if element is None:
        return f"{field.description}"
    separator = f"`{os.pathsep}`" if element is Path else "spaces"
    return f"{field.description} Repeatable; in the environment variable, separate with {separator}."


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
        return "  [default: the shipped scenarios]"
    return "" if field.default is None or field.default == () else f"  [default: {field.default}]"


def _default_config() -> Path | None:
    usual = Path("gemulator.toml")
    return usual if usual.is_file() else None


def _load_config(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    if value is None:
        return
    import tomllib

    try:
        table = tomllib.loads(value.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{value}: not valid TOML: {error}") from None
    unknown = sorted(set(table) - set(Settings.model_fields))
    if unknown:
        raise click.BadParameter(f"{value}: unknown key {unknown[0]!r}; known: {', '.join(Settings.model_fields)}")
    lists = [name for name in table if isinstance(table[name], list) and not _is_multiple(name)]
    if lists:
        raise click.BadParameter(f"{value}: {lists[0]} takes one value, not a list")
    ctx.default_map = {
        name: [one] if _is_multiple(name) and isinstance(one, str) else one for name, one in table.items()
    }


def _is_multiple(name: str) -> bool:
    return get_origin(Settings.model_fields[name].annotation) is tuple


def settings_from_options(options: dict[str, Any]) -> Settings:
    """Return the Settings of parsed options. Raises UsageError naming the invalid option."""
    given = {name: value for name, value in options.items() if value is not None and value != ()}
    try:
        return Settings.of(**given)
    except SettingError as error:
        raise _usage_error(error) from None


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
    return click.UsageError(f"--{error.name.replace('_', '-')}: {error.reason}")
