"""Command `gemulator credentials`."""

from pathlib import Path

import click

from gemulator.cli.credential_files import CredentialFiles, Identity
from gemulator.cli.server_options import ServerTarget, target_options

_USAGE = """\
Wrote to {folder}:
  service_account.json   Python, gcloud. Node only with `serve --tls` (it calls oauth2.googleapis.com).
  external_account.json  Python, Node, with GOOGLE_CLOUD_PROJECT set (`gemulator env` sets it).
  authorized_user.json   Python, Node only with `serve --tls`. gcloud with CLOUDSDK_AUTH_TOKEN_HOST={url}/token
"""
_CA_USAGE = "  ca.pem                 CA certificate for --tls; ca-bundle.pem includes the system's certificates\n"


@click.command(short_help="Write credential files for Google's libraries.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@target_options
@click.option("--email", default="", help="Email of the identity.  [default: gemulator-dev@PROJECT…]")
@click.option("--tls", is_flag=True, help="Also write the CA certificate that clients of `serve --tls` must trust.")
@click.option("--tls-names", multiple=True, help="Additional host name for HTTPS, if the CA does not exist yet.")
@click.option("--shared", is_flag=True, help="Make the files readable by all users, for container volumes.")
def credentials(
    target: ServerTarget, folder: Path, email: str, tls: bool, tls_names: tuple[str, ...], shared: bool
) -> None:
    """Write credential files to FOLDER with which Google's libraries get tokens from the emulator at --url."""
    files = CredentialFiles(folder, shared)
    files.write(target.service_key(), target.url, Identity(target.project, target.session, email))
    if tls:
        files.write_authority(target.authority(tls_names))
    click.echo(_USAGE.format(folder=folder, url=target.url) + (_CA_USAGE if tls else ""), nl=False)
