"""`gemulator env`."""

from pathlib import Path
from typing import Any, get_args

import click

from gemulator.cli.client_env import ClientEnvironment, Format, written
from gemulator.cli.credential_files import CredentialFiles, Identity, Kind
from gemulator.cli.server_options import ServerTarget, place_options
from gemulator.client.urls import EmulatorUrls
from gemulator.server.auth.tokens import create_token, derive_key

adc_option = click.option(
    "--adc",
    type=click.Choice([*get_args(Kind), "metadata"]),
    default="external_account",
    show_default=True,
    help="What google.auth.default() finds: a file of this kind, or none, and then the metadata server.",
)


@click.command(short_help="Print the variables that lead a client to the emulator.")
@place_options
@adc_option
@click.option("--format", "form", type=click.Choice(get_args(Format)), default="bash", show_default=True)
@click.option("--location", default="global", show_default=True, help="Google's location.")
@click.option("--credentials", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files it names.")
@click.option("--tls", is_flag=True, help="Also say which certificates to trust.")
@click.option("--proxy", default="", help="URL of the proxy that `serve --proxy-port` opened.")
@click.option("--seed", default="0", show_default=True, envvar="GEMULATOR_SEED", help="The emulator's, for its tokens.")
@click.option("--token-key", envvar="GEMULATOR_TOKEN_KEY", help="The emulator's, if it has one.")
def env(place: ServerTarget, adc: str, form: Format, **options: Any) -> None:
    """Print the variables that lead a client to the emulator at --url: `eval "$(gemulator env)"`.

    With --format github append it to "$GITHUB_ENV". The credential files that it names are written anew.
    """
    files = CredentialFiles(options["credentials"] or place.state / "credentials")
    files.write(place.service_key(), place.url, Identity(place.project, place.session))
    if options["tls"] or options["proxy"]:
        files.write_authority(place.authority())
    client = ClientEnvironment(
        addresses=EmulatorUrls(place.url, place.project, options["location"]),
        token=create_token(place.session, None, derive_key(options["seed"], options["token_key"])),
        project=place.project,
        files=files,
        adc=kind_of(adc),
        tls=options["tls"],
        proxy=options["proxy"],
    )
    try:
        click.echo(written(client.variables(), form), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def kind_of(adc: str) -> Kind | None:
    """The file that `--adc` names; None: the metadata server."""
    return next((kind for kind in get_args(Kind) if kind == adc), None)
