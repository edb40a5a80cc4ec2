"""Options for the target emulator and its keys."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from gemulator.core.clock import UTC
from gemulator.core.folders import default_state_dir
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.tls.certificate_authority import CertificateAuthority, UnsupportedHostError


class ServerTarget(Struct, frozen=True):
    """URL, key folder, project and session of an emulator."""

    url: str
    state: Path
    project: str = "demo"
    session: str = "default"

    def authority(self, names: Sequence[str] = ()) -> CertificateAuthority:
        """Return the CA of the state folder. Raises ClickException if it cannot issue certificates for `names`."""
        try:
            return CertificateAuthority(self.state, names, UTC())
        except UnsupportedHostError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise _key_error(error) from None

    def service_key(self) -> ServiceKey:
        """Return the key of the dev identity. Raises ClickException if it cannot be stored."""
        try:
            return ServiceKey.of(self.state)
        except OSError as error:
            raise _key_error(error) from None


def _key_error(error: OSError) -> click.ClickException:
    return click.ClickException(f"cannot store keys: {error}\nSet --state to a writable folder.")


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--url`, `--project`, `--session` and `--state`, passed to the command as one ServerTarget."""

    @wraps(command)
    def with_target(url: str, project: str, session: str, state: Path | None, **options: Any) -> Any:
        return command(ServerTarget(url.rstrip("/"), state or default_state_dir(), project, session), **options)

    for option in _OPTIONS:
        option(with_target)
    return with_target


_OPTIONS = (
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="GEMULATOR_STATE",
        help="Folder with the emulator's keys.  [default: ~/.local/state/gemulator]",
    ),
    click.option("--session", default="default", show_default=True, help="Session of the requests."),
    click.option(
        "--project", default="demo", show_default=True, envvar="GEMULATOR_PROJECT", help="Google Cloud project."
    ),
    click.option(
        "--url",
        default="http://127.0.0.1:8089",
        show_default=True,
        envvar="GEMULATOR_URL",
        help="URL of the emulator.",
    ),
)
