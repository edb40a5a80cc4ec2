"""Local certificate authority, constrained to gemulator's host names."""

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gemulator.server.auth.keys import read_or_create, write
from gemulator.server.tls.hosts import HostNames

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_CA_DAYS = 3650
_LEAF_DAYS = 397  # the maximum that browsers accept
_MAX_CONTEXTS = 256
_DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")


class UnsupportedHostError(Exception):
    """A host name that the authority cannot certify."""


class CertificateAuthority:
    """Authority in a state folder, created on first use. `now` (Unix seconds) dates the certificates."""

    def __init__(self, state: Path, names: Sequence[str], now: float) -> None:
        self._state = state
        self._now = datetime.datetime.fromtimestamp(now, datetime.UTC)
        self._names = HostNames.with_defaults(names)
        invalid = next((name for name in names if not name.isascii()), None)
        if invalid is not None:
            raise UnsupportedHostError(
                f"{invalid!r} is not a certificate name: write it in ASCII as clients send it, like xn--bcher-kva.test"
            )
        self._default_names = (*_DEFAULT_NAMES, *names)
        self.context_for = lru_cache(_MAX_CONTEXTS)(self._create_context)
        self._check_names(names)

    def _check_names(self, names: Sequence[str]) -> None:
        permitted = self._read_constraints()
        for name in names:
            if not permitted.includes(name):
                raise UnsupportedHostError(
                    f"the certificate authority in {self._state} does not permit {name!r}. Delete ca.pem and"
                    f" ca-key.pem there to create a new one, which clients must then trust."
                )

    # ---- the authority itself

    @cached_property
    def _key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(read_or_create(self._state / "ca-key.pem", _new_key), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return key

    @cached_property
    def certificate_pem(self) -> bytes:
        """The authority's certificate, which clients must trust."""
        return read_or_create(self._state / "ca.pem", self._new_certificate, 0o644)

    @cached_property
    def certificate(self) -> "x509.Certificate":
        """The parsed certificate."""
        from cryptography import x509

        return x509.load_pem_x509_certificate(self.certificate_pem)

    def _new_certificate(self) -> bytes:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        name = _x509_name("gemulator local certificate authority")
        permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in self._names.hosts]
        permitted += [x509.IPAddress(network) for network in self._names.networks]
        builder = (
            self._builder(name, name, self._key, _CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
        )
        return self._sign(builder).public_bytes(Encoding.PEM)

    def _read_constraints(self) -> HostNames:
        """Return the host names in the certificate's constraints."""
        from cryptography import x509

        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        hosts = (name.value for name in permitted if isinstance(name, x509.DNSName))
        networks = (name.value for name in permitted if isinstance(name, x509.IPAddress))
        return HostNames(
            tuple(hosts), tuple(n for n in networks if isinstance(n, ipaddress.IPv4Network | ipaddress.IPv6Network))
        )

    # ---- leaf certificates

    def context(self) -> ssl.SSLContext:
        """Return a listener's TLS context, which selects a certificate by SNI."""
        context: ssl.SSLContext = self.context_for(self._default_names)
        context.sni_callback = self._select_certificate
        return context

    def _select_certificate(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        if name is None or name in self._default_names:
            return None
        if not self._permitted.includes(name):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = self.context_for((name,))
        return None

    @cached_property
    def _permitted(self) -> HostNames:
        return self._read_constraints()

    def _create_context(self, names: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        # ssl loads keys from files only.
        with TemporaryDirectory(dir=self._state, prefix=".leaf-") as folder:
            file = Path(folder) / "leaf.pem"
            write(file, self._leaf(names))
            context.load_cert_chain(file)
        return context

    def _leaf(self, names: tuple[str, ...]) -> bytes:
        """Return key and certificate for names and addresses, as PEM."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        pem = _new_key()
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = (
            self._builder(_x509_name(names[0][:64]), self.certificate.subject, _load_key(pem), _LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
            .add_extension(alternatives, critical=False)
        )
        return pem + self._sign(builder).public_bytes(Encoding.PEM)

    def _builder(
        self, subject: "x509.Name", issuer: "x509.Name", key: "EllipticCurvePrivateKey", days: int
    ) -> "x509.CertificateBuilder":
        from cryptography import x509

        day = datetime.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - day)  # tolerates clock skew
            .not_valid_after(self._now + days * day)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _sign(self, builder: "x509.CertificateBuilder") -> "x509.Certificate":
        from cryptography.hazmat.primitives.hashes import SHA256

        return builder.sign(self._key, SHA256())


def trust_bundle(certificate: bytes) -> bytes:
    """Return this machine's trusted certificates and one more, for variables that replace the whole list."""
    import certifi

    trusted = ssl.get_default_verify_paths().cafile or certifi.where()
    bundle = Path(trusted).read_bytes()
    return bundle if certificate in bundle else bundle.rstrip() + b"\n" + certificate


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load_key(pem: bytes) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


def _x509_name(name: str) -> "x509.Name":
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
