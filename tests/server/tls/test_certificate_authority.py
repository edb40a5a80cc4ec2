"""Certificates of the local authority, checked by a strict client."""

import ssl
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gemulator.server.tls.certificate_authority import CertificateAuthority, UnsupportedHostError, trust_bundle
from gemulator.server.tls.hosts import HostNames, is_google_host

NOW = 1_770_000_000.0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def authority(state: Path) -> CertificateAuthority:
    return CertificateAuthority(state, ("gemulator.test", "192.0.2.7"), NOW)


def handshake(authority: CertificateAuthority, name: str, trusted: bytes) -> Mapping[str, Any]:
    """Return the certificate that a strict client accepts under `name`. Raises ssl.SSLError."""
    client = ssl.create_default_context(cadata=trusted.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = authority.context().wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = here.getpeercert()
    assert shown is not None
    return shown


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """An authority dated by the machine's clock, which OpenSSL compares with."""
    return CertificateAuthority(tmp_path_factory.mktemp("live"), ("gemulator.test", "192.0.2.7"), time.time())


@pytest.mark.parametrize(
    "name",
    [
        "aiplatform.googleapis.com",
        "us-central1-aiplatform.googleapis.com",
        "europe-west12-aiplatform.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
        "oauth2.googleapis.com",
        "sts.googleapis.com",
        "metadata.google.internal",
        "mg-endpoint-1.us-central1-123456789012.prediction.vertexai.goog",
        "localhost",
        "127.0.0.1",
        "gemulator.test",
        "192.0.2.7",
    ],
)
def test_strict_client_accepts_permitted_names(live: CertificateAuthority, name: str) -> None:
    shown = handshake(live, name, live.certificate_pem)
    assert name in {value for _, value in shown["subjectAltName"]}


@pytest.mark.parametrize("name", ["www.google.com", "storage.googleapis.com", "example.com", "xlocalhost"])
def test_other_names_get_no_certificate(live: CertificateAuthority, name: str) -> None:
    with pytest.raises(ssl.SSLError):
        handshake(live, name, live.certificate_pem)


def test_client_refuses_certificate_outside_constraints(live: CertificateAuthority) -> None:
    """The constraints hold even if the key is stolen."""
    stolen = live.context_for(("www.google.com",))
    client = ssl.create_default_context(cadata=live.certificate_pem.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname="www.google.com")
    there = stolen.wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        here.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        there.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        here.do_handshake()


def test_key_and_certificate_are_stored_and_key_is_private(authority: CertificateAuthority, state: Path) -> None:
    assert CertificateAuthority(state, (), NOW).certificate_pem == authority.certificate_pem
    authority.context()
    assert stat.S_IMODE((state / "ca-key.pem").stat().st_mode) == 0o600
    assert sorted(file.name for file in state.iterdir()) == ["ca-key.pem", "ca.pem"]
    assert b"PRIVATE" not in authority.certificate_pem


def test_certificate_extensions(authority: CertificateAuthority) -> None:
    extensions = authority.certificate.extensions
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    names = extensions.get_extension_for_class(x509.NameConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert names.critical
    permitted = {str(name.value) for name in names.value.permitted_subtrees or ()}
    assert {"oauth2.googleapis.com", "localhost", "gemulator.test", "127.0.0.0/8", "192.0.2.7/32"} <= permitted
    assert not {"googleapis.com", "google.com", "com"} & permitted
    key = load_pem_private_key((authority._state / "ca-key.pem").read_bytes(), None)
    assert key.public_key() == authority.certificate.public_key()


def test_name_outside_constraints_is_refused(authority: CertificateAuthority, state: Path) -> None:
    assert CertificateAuthority(state, ("gemulator.test",), NOW).certificate_pem == authority.certificate_pem
    with pytest.raises(UnsupportedHostError, match=r"'other\.test'\. Delete ca\.pem and ca-key\.pem"):
        CertificateAuthority(state, ("other.test",), NOW)


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("AIPLATFORM.googleapis.com", True),
        ("a.b.prediction.vertexai.goog", True),
        ("prediction.vertexai.goog.example.com", False),
        ("xprediction.vertexai.goog", False),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_default_host_names(name: str, covered: bool) -> None:
    assert HostNames.with_defaults().includes(name) is covered


@pytest.mark.parametrize(
    ("name", "known"), [("oauth2.googleapis.com", True), ("localhost", False), ("127.0.0.1", False), ("[::1]", False)]
)
def test_google_host_names(name: str, known: bool) -> None:
    assert is_google_host(name) is known


def test_bundle_adds_our_certificate_once(
    authority: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = tmp_path / "usual.pem"
    usual.write_bytes(b"USUAL\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(usual))
    both = trust_bundle(authority.certificate_pem)
    assert both == b"USUAL\n" + authority.certificate_pem
    usual.write_bytes(both)
    assert trust_bundle(authority.certificate_pem) == both


def test_bundle_without_system_list_uses_certifi(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile=None))
    assert trust_bundle(authority.certificate_pem).count(b"BEGIN CERTIFICATE") > 50
