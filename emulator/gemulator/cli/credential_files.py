"""Google credential files, valid for one emulator only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import orjson
from msgspec import Struct

from gemulator.server.auth.keys import ServiceKey, write
from gemulator.server.auth.oauth import CLIENT_ID, CLIENT_SECRET, PROJECT_NUMBER, UNIQUE_ID, dev_email
from gemulator.server.tls.certificate_authority import CertificateAuthority, trust_bundle

Kind: TypeAlias = Literal["service_account", "authorized_user", "external_account"]

_POOL = f"//iam.googleapis.com/projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/gemulator/providers/dev"


class Identity(Struct, frozen=True):
    """Identity and session of the credentials."""

    project: str = "demo"
    session: str = "default"
    email: str = ""

    @property
    def address(self) -> str:
        """Return the email, by default that of the dev identity."""
        return self.email or dev_email(self.project)


class CredentialFiles(Struct, frozen=True):
    """Credential files of a folder. `shared` makes them readable by all users, as containers need."""

    folder: Path
    shared: bool = False

    def path(self, kind: Kind) -> Path:
        return (self.folder / f"{kind}.json").absolute()

    @property
    def ca(self) -> Path:
        """Return the file of the emulator's CA certificate, for variables that add to the system's certificates."""
        return (self.folder / "ca.pem").absolute()

    @property
    def bundle(self) -> Path:
        """Return the file of the CA and the system's certificates, for variables that replace those."""
        return (self.folder / "ca-bundle.pem").absolute()

    def write(self, key: ServiceKey, url: str, identity: Identity) -> Sequence[Path]:
        """Write the three kinds of credentials for the emulator at `url`; return the files."""
        self.folder.mkdir(mode=0o755 if self.shared else 0o700, parents=True, exist_ok=True)
        subject = (self.folder / "subject_token.jwt").absolute()
        contents = {
            self.path("service_account"): _to_json(service_account(key, url, identity)),
            self.path("authorized_user"): _to_json(authorized_user(key, identity)),
            self.path("external_account"): _to_json(external_account(url, subject)),
            subject: _sign(key, "subject", identity).encode(),
        }
        for file, content in contents.items():
            write(file, content, 0o644 if self.shared else 0o600)
        return [*contents]

    def write_authority(self, authority: CertificateAuthority) -> Sequence[Path]:
        """Write the CA certificate, without its key; return the files."""
        certificate = authority.certificate_pem
        write(self.ca, certificate, 0o644)
        write(self.bundle, trust_bundle(certificate), 0o644)
        return [self.ca, self.bundle]


def service_account(key: ServiceKey, url: str, identity: Identity) -> dict[str, str]:
    """Return a service account key. Python, Go, Java and gcloud use its `token_uri`; Node does not."""
    query = "" if identity.session == "default" else f"?session={_url_quote(identity.session)}"
    return {
        "type": "service_account",
        "project_id": identity.project,
        "private_key_id": key.id,
        "private_key": key.pem.decode(),
        "client_email": identity.address,
        "client_id": UNIQUE_ID,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{url}/token{query}",
        "universe_domain": "googleapis.com",
    }


def authorized_user(key: ServiceKey, identity: Identity) -> dict[str, str]:
    """Return the file that `gcloud auth application-default login` writes. Clients always use oauth2.googleapis.com."""
    return {
        "type": "authorized_user",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": _sign(key, "refresh", identity),
        "quota_project_id": identity.project,
        "universe_domain": "googleapis.com",
    }


def external_account(url: str, subject_file: Path) -> dict[str, object]:
    """Return workload identity credentials: the token in a file is exchanged for an access token."""
    return {
        "type": "external_account",
        "audience": _POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "credential_source": {"file": str(subject_file)},
        "universe_domain": "googleapis.com",
    }


def _sign(key: ServiceKey, use: str, identity: Identity) -> str:
    return key.sign({"use": use, "session": identity.session, "email": identity.address})


def _to_json(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def _url_quote(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
