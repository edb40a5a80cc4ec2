"""Credential files as Google's tools write them, good for one emulator only."""

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
    """Whom the files are for: their identity is `email`, what they ask is kept in `session`."""

    project: str = "demo"
    session: str = "default"
    email: str = ""

    @property
    def address(self) -> str:
        """The email; the well-known dev identity unless told otherwise."""
        return self.email or dev_email(self.project)


class CredentialFiles(Struct, frozen=True):
    """What stands in a folder. `shared`: every user of the machine may read it, as containers need."""

    folder: Path
    shared: bool = False

    def path(self, kind: Kind) -> Path:
        return (self.folder / f"{kind}.json").absolute()

    @property
    def ca(self) -> Path:
        """The certificate to trust, where a variable adds to the usual ones."""
        return (self.folder / "ca.pem").absolute()

    @property
    def bundle(self) -> Path:
        """The same with this machine's usual certificates, where a variable replaces them."""
        return (self.folder / "ca-bundle.pem").absolute()

    def write(self, key: ServiceKey, url: str, holder: Identity) -> None:
        """Write the three kinds of credentials for the emulator at `url`."""
        self.folder.mkdir(mode=0o755 if self.shared else 0o700, parents=True, exist_ok=True)
        subject = (self.folder / "subject_token.jwt").absolute()
        self._write(self.path("service_account"), _json(service_account(key, url, holder)))
        self._write(self.path("authorized_user"), _json(authorized_user(key, holder)))
        self._write(self.path("external_account"), _json(external_account(url, subject)))
        self._write(subject, _signed(key, "subject", holder).encode())

    def write_authority(self, authority: CertificateAuthority) -> None:
        """Write the certificate to trust. Its key stays where it is."""
        certificate = authority.certificate_pem
        write(self.ca, certificate, 0o644)
        write(self.bundle, trust_bundle(certificate), 0o644)

    def _write(self, file: Path, content: bytes) -> None:
        write(file, content, 0o644 if self.shared else 0o600)


def service_account(key: ServiceKey, url: str, holder: Identity) -> dict[str, str]:
    """A service account's key. Python, Go, Java and gcloud ask the `token_uri` in it; Node does not."""
    query = "" if holder.session == "default" else f"?session={_quoted(holder.session)}"
    return {
        "type": "service_account",
        "project_id": holder.project,
        "private_key_id": key.id,
        "private_key": key.pem.decode(),
        "client_email": holder.address,
        "client_id": UNIQUE_ID,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{url}/token{query}",
        "universe_domain": "googleapis.com",
    }


def authorized_user(key: ServiceKey, holder: Identity) -> dict[str, str]:
    """What `gcloud auth application-default login` leaves. Clients ask oauth2.googleapis.com, whatever it says."""
    return {
        "type": "authorized_user",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": _signed(key, "refresh", holder),
        "quota_project_id": holder.project,
        "universe_domain": "googleapis.com",
    }


def external_account(url: str, subject: Path) -> dict[str, object]:
    """A workload of an identity pool: a token in a file is exchanged for an access token."""
    return {
        "type": "external_account",
        "audience": _POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "credential_source": {"file": str(subject)},
        "universe_domain": "googleapis.com",
    }


def _signed(key: ServiceKey, use: str, holder: Identity) -> str:
    return key.sign({"use": use, "session": holder.session, "email": holder.address})


def _json(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
