"""The environment of a client: which variables lead it to an emulator, and how each shell writes them down."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from gemulator.cli.credential_files import CredentialFiles, Kind
from gemulator.client.urls import EmulatorUrls

Format: TypeAlias = Literal["bash", "fish", "powershell", "dotenv", "github", "compose"]
Variables: TypeAlias = Mapping[str, str]


class ClientEnvironment(Struct, frozen=True):
    """How a client is to reach the emulator. `adc`: the file that it finds, None: it asks the metadata server.

    `tls`: it has to trust the authority; `proxy`: the URL of the proxy for HTTPS, empty for none.
    """

    addresses: EmulatorUrls
    token: str
    project: str
    files: CredentialFiles
    adc: Kind | None = "external_account"
    tls: bool = False
    proxy: str = ""

    def variables(self) -> dict[str, str]:
        """Name to value, in the order in which they are shown."""
        server = urlsplit(self.addresses.url)
        out = {
            "OPENAI_BASE_URL": self.addresses.base_url,
            "OPENAI_API_KEY": self.token,
            "GOOGLE_CLOUD_PROJECT": self.project,
            # One of these is read by each library; none of them wants a scheme.
            "GCE_METADATA_HOST": server.netloc,
            "GCE_METADATA_IP": server.netloc,
            "GCE_METADATA_ROOT": server.netloc,
            "CLOUDSDK_CORE_PROJECT": self.project,
            "CLOUDSDK_AUTH_ACCESS_TOKEN": self.token,
            "CLOUDSDK_AUTH_TOKEN_HOST": f"{self.addresses.url}/token",
        }
        if self.adc is not None:
            out["GOOGLE_APPLICATION_CREDENTIALS"] = str(self.files.path(self.adc))
        return {**out, **(self._trust() if self.tls or self.proxy else {})}

    def _trust(self) -> dict[str, str]:
        bundle, ca = str(self.files.bundle), str(self.files.ca)
        out = {
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": bundle,
            "NODE_EXTRA_CA_CERTS": ca,
        }
        return {**out, "HTTPS_PROXY": self.proxy, "NO_PROXY": "localhost,127.0.0.1,::1"} if self.proxy else out


def written(variables: Variables, form: Format) -> str:
    """The variables as text to be evaluated, sourced or appended. ValueError: a value has a line break."""
    broken = next((name for name, value in variables.items() if re.search(r"[\r\n\0]", value)), None)
    if broken is not None:
        raise ValueError(f"the value of {broken} has a line break: no format has a safe place for it")
    lines = "".join(f"{_LINES[form](name, value)}\n" for name, value in variables.items())
    return f"environment:\n{lines}" if form == "compose" else lines


def _bash(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    return "set -gx {} '{}'".format(name, re.sub(r"([\\'])", r"\\\1", value))


def _powershell(name: str, value: str) -> str:
    # PowerShell takes typographic quotes for plain ones; doubled, each stands for itself.
    return "$env:{} = '{}'".format(name, re.sub("(['\u2018-\u201b])", r"\1\1", value))


def _dotenv(name: str, value: str) -> str:
    if re.fullmatch(r"[\w./:@%+=,-]*", value, re.ASCII):
        return f"{name}={value}"
    if "'" not in value and "$" not in value:
        return f"{name}='{value}'"
    return '{}="{}"'.format(name, re.sub(r'([\\"$])', r"\\\1", value))


def _github(name: str, value: str) -> str:
    return f"{name}={value}"


def _compose(name: str, value: str) -> str:
    # Compose replaces $NAME in every value; a JSON text is a YAML text.
    return f"  {name}: {json.dumps(value.replace('$', '$$'))}"


_LINES: Mapping[Format, Callable[[str, str], str]] = {
    "bash": _bash,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
    "github": _github,
    "compose": _compose,
}
