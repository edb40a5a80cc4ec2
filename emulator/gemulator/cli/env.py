"""Command `gemulator env`."""

from pathlib import Path
from typing import Any, get_args

import click

from gemulator.cli.client_env import ClientEnvironment, Format, format_variables
from gemulator.cli.credential_files import CredentialFiles, Identity, Kind
from gemulator.cli.server_options import ServerTarget, target_options
from gemulator.client.urls import EmulatorUrls
from gemulator.server.auth.tokens import create_token, derive_key

adc_option = click.option(
    "--adc",
    type=click.Choice([*get_args(Kind), "metadata"]),
    default="external_account",
    show_default=True,
    help="Credentials for google.auth.default(): a file of this kind, or the metadata server.",
)


def _not_empty(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.UsageError("--token-key: the value is empty: set one, or leave out the option")
    return value


@click.command(short_help="Print environment variables for clients.")
@target_options
@adc_option
@click.option(
    "--format", "form", type=click.Choice(get_args(Format)), default="bash", show_default=True, help="Output format."
)
@click.option("--location", default="global", show_default=True, help="Google Cloud location.")
@click.option(
    "--credentials", type=click.Path(file_okay=False, path_type=Path), help="Folder for the credential files."
)
@click.option("--tls", is_flag=True, help="Add variables for trusting the HTTPS certificate.")
@click.option("--proxy", default="", help="URL of the proxy opened by `serve --proxy-port`.")
@click.option("--seed", default="0", show_default=True, envvar="GEMULATOR_SEED", help="Seed of the emulator.")
@click.option(
    "--token-key", envvar="GEMULATOR_TOKEN_KEY", callback=_not_empty, help="Token key of the emulator, if set."
)
def env(target: ServerTarget, adc: str, form: Format, **options: Any) -> None:
    """Print environment variables that point clients to the emulator at --url: `eval "$(gemulator env)"`.

    Append the output of --format github to "$GITHUB_ENV". Also writes the credential files that the variables name.
    """
    files = CredentialFiles(options["credentials"] or target.state / "credentials")
    written = files.write(target.service_key(), target.url, Identity(target.project, target.session))
    if options["tls"] or options["proxy"]:
        written = [*written, *files.write_authority(target.authority())]
    click.echo(f"Wrote {', '.join(map(str, written))}.", err=True)
    client = ClientEnvironment(
        urls=EmulatorUrls(target.url, target.project, options["location"]),
        token=create_token(target.session, None, derive_key(options["seed"], options["token_key"])),
        project=target.project,
        files=files,
        adc=adc_kind(adc),
        tls=options["tls"],
        proxy=options["proxy"],
    )
    try:
        click.echo(format_variables(client.variables(), form), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def adc_kind(adc: str) -> Kind | None:
    """Return the kind of file for `--adc`; None for the metadata server."""
    return next((kind for kind in get_args(Kind) if kind == adc), None)
