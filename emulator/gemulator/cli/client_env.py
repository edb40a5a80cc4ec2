"""Client environment variables, formatted for shells and tools."""

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
    """Settings of a client of the emulator.

    `adc` is the credential file for Application Default Credentials; None uses the metadata server. `tls` adds the
    certificate variables; `proxy` is the URL of the HTTPS proxy, empty for none.
    """

    urls: EmulatorUrls
    token: str
    project: str
    files: CredentialFiles
    adc: Kind | None = "external_account"
    tls: bool = False
    proxy: str = ""

    def variables(self) -> dict[str, str]:
        """Return names and values in display order."""
        server = urlsplit(self.urls.url)
        out = {
            "OPENAI_BASE_URL": self.urls.base_url,
            "OPENAI_API_KEY": self.token,
            "GOOGLE_CLOUD_PROJECT": self.project,
            # Each library reads one of these, without a scheme.
            "GCE_METADATA_HOST": server.netloc,
            "GCE_METADATA_IP": server.netloc,
            "GCE_METADATA_ROOT": server.netloc,
            "CLOUDSDK_CORE_PROJECT": self.project,
            "CLOUDSDK_AUTH_ACCESS_TOKEN": self.token,
            "CLOUDSDK_AUTH_TOKEN_HOST": f"{self.urls.url}/token",
        }
        if self.adc is not None:
            out["GOOGLE_APPLICATION_CREDENTIALS"] = str(self.files.path(self.adc))
        return {**out, **(self._certificate_variables() if self.tls or self.proxy else {})}

    def _certificate_variables(self) -> dict[str, str]:
        bundle, ca = str(self.files.bundle), str(self.files.ca)
        out = {
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": bundle,
            "NODE_EXTRA_CA_CERTS": ca,
        }
        return {**out, "HTTPS_PROXY": self.proxy, "NO_PROXY": "localhost,127.0.0.1,::1"} if self.proxy else out


def format_variables(variables: Variables, form: Format) -> str:
    """Return text to evaluate, source or append. Raises ValueError if a value contains a line break."""
    broken = next((name for name, value in variables.items() if re.search(r"[\r\n\0]", value)), None)
    if broken is not None:
        raise ValueError(f"the value of {broken} has a line break, which no format can represent: remove it")
    lines = "".join(f"{_FORMATTERS[form](name, value)}\n" for name, value in variables.items())
    return f"environment:\n{lines}" if form == "compose" else lines


def _format_bash(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _format_fish(name: str, value: str) -> str:
    return "set -gx {} '{}'".format(name, re.sub(r"([\\'])", r"\\\1", value))


def _format_powershell(name: str, value: str) -> str:
    # PowerShell treats typographic quotes as quotes; doubling escapes each.
    return "$env:{} = '{}'".format(name, re.sub("(['\u2018-\u201b])", r"\1\1", value))


def _format_dotenv(name: str, value: str) -> str:
    if re.fullmatch(r"[\w./:@%+=,-]*", value, re.ASCII):
        return f"{name}={value}"
    if "'" not in value and "$" not in value:
        return f"{name}='{value}'"
    return '{}="{}"'.format(name, re.sub(r'([\\"$])', r"\\\1", value))


def _format_github(name: str, value: str) -> str:
    return f"{name}={value}"


def _format_compose(name: str, value: str) -> str:
    # Compose substitutes $NAME in every value; a JSON string is valid YAML.
    return f"  {name}: {json.dumps(value.replace('$', '$$'))}"


_FORMATTERS: Mapping[Format, Callable[[str, str], str]] = {
    "bash": _format_bash,
    "fish": _format_fish,
    "powershell": _format_powershell,
    "dotenv": _format_dotenv,
    "github": _format_github,
    "compose": _format_compose,
}
