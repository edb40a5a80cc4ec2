"""A local certificate authority: it vouches for gemulator's names, and by its own constraints for no others."""

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
_LEAF_DAYS = 397  # the most that browsers accept
_CONTEXTS = 256
_OWN = ("localhost", "127.0.0.1", "::1")


class UnsupportedHostError(Exception):
    """A name that the authority may not certify; the text says what to do."""


class CertificateAuthority:
    """The authority of a state folder, made there on first use. `now` (Unix seconds) dates the certificates."""

    def __init__(self, state: Path, names: Sequence[str], now: float) -> None:
        self._state = state
        self._now = datetime.datetime.fromtimestamp(now, datetime.UTC)
        self._names = HostNames.usual(names)
        unfit = next((name for name in names if not name.isascii()), None)
        if unfit is not None:
            raise UnsupportedHostError(
                f"{unfit!r} is no name for a certificate: write it as clients send it, like xn--bcher-kva.test"
            )
        self._own = (*_OWN, *names)
        self.context_for = lru_cache(_CONTEXTS)(self._context_for)
        self._check(names)

    def _check(self, names: Sequence[str]) -> None:
        permitted = self._permitted()
        for name in names:
            if not permitted.includes(name):
                raise UnsupportedHostError(
                    f"the certificate authority in {self._state} may not vouch for {name!r}. Remove ca.pem and"
                    f" ca-key.pem there to have a new one made (clients must then trust it anew)."
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
        """What clients have to trust."""
        return read_or_create(self._state / "ca.pem", self._new_certificate, 0o644)

    @cached_property
    def certificate(self) -> "x509.Certificate":
        """The same, read."""
        from cryptography import x509

        return x509.load_pem_x509_certificate(self.certificate_pem)

    def _new_certificate(self) -> bytes:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        name = _named("gemulator local certificate authority")
        permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in self._names.hosts]
        permitted += [x509.IPAddress(network) for network in self._names.networks]
        builder = (
            self._dated(name, name, self._key, _CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
        )
        return self._signed(builder).public_bytes(Encoding.PEM)

    def _permitted(self) -> HostNames:
        """The names in the certificate's constraints."""
        from cryptography import x509

        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        hosts = (name.value for name in permitted if isinstance(name, x509.DNSName))
        networks = (name.value for name in permitted if isinstance(name, x509.IPAddress))
        return HostNames(
            tuple(hosts), tuple(n for n in networks if isinstance(n, ipaddress.IPv4Network | ipaddress.IPv6Network))
        )

    # ---- leaves

    def context(self) -> ssl.SSLContext:
        """For a listener: each client gets a certificate for the name that it asks for."""
        context: ssl.SSLContext = self.context_for(self._own)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        if name is None or name in self._own:
            return None
        if not self._permitted_names.includes(name):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = self.context_for((name,))
        return None

    @cached_property
    def _permitted_names(self) -> HostNames:
        return self._permitted()

    def _context_for(self, names: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        # ssl reads keys from files only: in a folder of our own, for this moment.
        with TemporaryDirectory(dir=self._state, prefix=".leaf-") as folder:
            file = Path(folder) / "leaf.pem"
            write(file, self._leaf(names))
            context.load_cert_chain(file)
        return context

    def _leaf(self, names: tuple[str, ...]) -> bytes:
        """Key and certificate for names and addresses."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        pem = _new_key()
        alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = (
            self._dated(_named(names[0][:64]), self.certificate.subject, _loaded(pem), _LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
            .add_extension(alternatives, critical=False)
        )
        return pem + self._signed(builder).public_bytes(Encoding.PEM)

    def _dated(
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
            .not_valid_before(self._now - day)  # clocks differ
            .not_valid_after(self._now + days * day)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _signed(self, builder: "x509.CertificateBuilder") -> "x509.Certificate":
        from cryptography.hazmat.primitives.hashes import SHA256

        return builder.sign(self._key, SHA256())


def bundle(certificate: bytes) -> bytes:
    """The certificates that this machine trusts, and one more: for variables that replace the whole list."""
    import certifi

    trusted = ssl.get_default_verify_paths().cafile or certifi.where()
    usual = Path(trusted).read_bytes()
    return usual if certificate in usual else usual.rstrip() + b"\n" + certificate


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _loaded(pem: bytes) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


def _named(name: str) -> "x509.Name":
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> "x509.KeyUsage":
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
