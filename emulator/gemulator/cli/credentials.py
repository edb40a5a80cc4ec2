"""Command `gemulator credentials`."""

from pathlib import Path

import click

from gemulator.cli.credential_files import CredentialFiles, Identity
from gemulator.cli.server_options import ServerTarget, target_options

_USAGE = """\
Wrote to {folder}:
  service_account.json   Python, gcloud: as it is. Node: with `serve --tls` only (it asks oauth2.googleapis.com).
  external_account.json  Python, Node: as it is, if GOOGLE_CLOUD_PROJECT is set (`gemulator env` sets it).
  authorized_user.json   Python, Node: with `serve --tls` only. gcloud: with CLOUDSDK_AUTH_TOKEN_HOST={url}/token
"""
_CA_USAGE = "  ca.pem                 the certificate authority of --tls; ca-bundle.pem has the usual ones too\n"


@click.command(short_help="Write credential files for Google's libraries.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@target_options
@click.option("--email", default="", help="Identity of the files.  [default: gemulator-dev@PROJECT…]")
@click.option("--tls", is_flag=True, help="Also write the certificate that clients of `serve --tls` have to trust.")
@click.option("--tls-names", multiple=True, help="A further name for HTTPS, if the authority has yet to be made.")
@click.option("--shared", is_flag=True, help="Let every user read the files, as a volume of containers needs.")
def credentials(
    target: ServerTarget, folder: Path, email: str, tls: bool, tls_names: tuple[str, ...], shared: bool
) -> None:
    """Write credential files into FOLDER with which Google's libraries get tokens of the emulator at --url."""
    files = CredentialFiles(folder, shared)
    files.write(target.service_key(), target.url, Identity(target.project, target.session, email))
    if tls:
        files.write_authority(target.authority(tls_names))
    click.echo(_USAGE.format(folder=folder, url=target.url) + (_CA_USAGE if tls else ""), nl=False)
