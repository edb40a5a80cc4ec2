"""Environment variables of clients, as each shell reads them back."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gemulator.cli.client_env import ClientEnvironment, Format, format_variables
from gemulator.cli.credential_files import CredentialFiles, Kind
from gemulator.client.urls import EmulatorUrls
from gemulator.core import located_yaml as yaml

pytestmark = pytest.mark.slow

ODD = {
    "PLAIN": "http://127.0.0.1:8089/v1?a=b&c",
    "SPACES": "a folder/with  two",
    "QUOTES": """it's "so" ‘odd’""",
    "SIGNS": r"$HOME `id` \n %PATH% ; | # ! * ~ \\ \'",
    "EMPTY": "",
    "OTHER": "naïve 数",
}
SHOW = f"import json, os; print(json.dumps({{name: os.environ[name] for name in {list(ODD)}}}))"


@pytest.mark.parametrize(
    ("form", "shell"),
    [("bash", "bash"), ("bash", "dash"), ("fish", "fish"), ("powershell", "pwsh")],
)
def test_a_shell_reads_back_what_was_meant(form: Format, shell: str, tmp_path: Path) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    show = tmp_path / "show.py"
    show.write_text(SHOW)
    script.write_text(f"{format_variables(ODD, form)}python3 {show}\n")
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    told = subprocess.run([found, str(script)], capture_output=True, text=True, check=True, env=home)
    assert json.loads(told.stdout) == ODD


# Table, for where the shell is not installed, and for readers that are no shells.
@pytest.mark.parametrize(
    ("form", "value", "line"),
    [
        ("bash", "it's", """export X='it'"'"'s'"""),
        ("fish", r"it's \n", r"set -gx X 'it\'s \\n'"),
        ("powershell", "it's $x ‘y’", "$env:X = 'it''s $x ‘‘y’’'"),
        ("dotenv", "/a/b_c.json", "X=/a/b_c.json"),
        ("dotenv", "two words", "X='two words'"),
        ("dotenv", "it's", 'X="it\'s"'),
        ("dotenv", '$a "b" \\', 'X="\\$a \\"b\\" \\\\"'),
        ("github", "it's $x", "X=it's $x"),
        ("compose", 'a$b "c"', '  X: "a$$b \\"c\\""'),
    ],
)
def test_how_a_value_is_written(form: Format, value: str, line: str) -> None:
    assert format_variables({"X": value}, form).splitlines()[-1] == line


def test_compose_is_a_mapping_of_texts(tmp_path: Path) -> None:
    document = yaml.read(format_variables({**ODD, "NUMBER": "8089"}, "compose"), tmp_path / "compose.yaml")
    assert document.data == {"environment": {n: v.replace("$", "$$") for n, v in {**ODD, "NUMBER": "8089"}.items()}}


@pytest.mark.parametrize("form", ["bash", "fish", "powershell", "dotenv", "github", "compose"])
def test_a_line_break_is_refused(form: Format) -> None:
    with pytest.raises(ValueError, match="the value of X has a line break"):
        format_variables({"X": "a\nGITHUB_PATH=evil"}, form)


def client(adc: Kind | None = None, **options: Any) -> dict[str, str]:
    addresses = EmulatorUrls("http://127.0.0.1:8089", "demo", "us-central1")
    return ClientEnvironment(
        addresses, "emulator.x", "demo", CredentialFiles(Path("/creds")), adc=adc, **options
    ).variables()


def test_plain_http_needs_no_certificates() -> None:
    server = "127.0.0.1:8089"
    assert client() == {
        "OPENAI_BASE_URL": "http://127.0.0.1:8089/v1/projects/demo/locations/us-central1/endpoints/openapi",
        "OPENAI_API_KEY": "emulator.x",
        "GOOGLE_CLOUD_PROJECT": "demo",
        "GCE_METADATA_HOST": server,
        "GCE_METADATA_IP": server,
        "GCE_METADATA_ROOT": server,
        "CLOUDSDK_CORE_PROJECT": "demo",
        "CLOUDSDK_AUTH_ACCESS_TOKEN": "emulator.x",
        "CLOUDSDK_AUTH_TOKEN_HOST": "http://127.0.0.1:8089/token",
    }
    assert client("service_account")["GOOGLE_APPLICATION_CREDENTIALS"] == "/creds/service_account.json"


def test_what_replaces_the_trusted_list_gets_the_bundle_and_what_adds_gets_the_certificate() -> None:
    more = {name: value for name, value in client(tls=True).items() if name not in client()}
    assert more == {
        "SSL_CERT_FILE": "/creds/ca-bundle.pem",
        "REQUESTS_CA_BUNDLE": "/creds/ca-bundle.pem",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "/creds/ca-bundle.pem",
        "NODE_EXTRA_CA_CERTS": "/creds/ca.pem",
    }
    assert client(proxy="http://127.0.0.1:1")["HTTPS_PROXY"] == "http://127.0.0.1:1"
