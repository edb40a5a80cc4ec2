"""Options that say which running emulator is meant, and whose keys it has."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from gemulator.core.clock import UTC
from gemulator.core.settings import default_state_dir
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.tls.certificate_authority import CertificateAuthority, UnsupportedHostError


class ServerTarget(Struct, frozen=True):
    """An emulator at `url`, the folder of its keys, and what is wanted there."""

    url: str
    state: Path
    project: str = "demo"
    session: str = "default"

    def authority(self, names: Sequence[str] = ()) -> CertificateAuthority:
        """The authority of the state folder. ClickException where it may not vouch for `names`."""
        try:
            return CertificateAuthority(self.state, names, UTC())
        except UnsupportedHostError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise _unkept(error) from None

    def service_key(self) -> ServiceKey:
        """The key of the dev identity. ClickException where it cannot be kept."""
        try:
            return ServiceKey.of(self.state)
        except OSError as error:
            raise _unkept(error) from None


def _unkept(error: OSError) -> click.ClickException:
    return click.ClickException(f"no key can be kept: {error}\nName another folder with --state.")


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--url`, `--project`, `--session` and `--state`; the command gets a Place before its own options."""

    @wraps(command)
    def placed(url: str, project: str, session: str, state: Path | None, **options: Any) -> Any:
        return command(ServerTarget(url.rstrip("/"), state or default_state_dir(), project, session), **options)

    for option in _OPTIONS:
        option(placed)
    return placed


_OPTIONS = (
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="GEMULATOR_STATE",
        help="Folder of the emulator's keys.  [default: ~/.local/state/gemulator]",
    ),
    click.option("--session", default="default", show_default=True, help="Session of what is asked."),
    click.option("--project", default="demo", show_default=True, envvar="GEMULATOR_PROJECT", help="Google's project."),
    click.option(
        "--url",
        default="http://127.0.0.1:8089",
        show_default=True,
        envvar="GEMULATOR_URL",
        help="Where the emulator listens.",
    ),
)
