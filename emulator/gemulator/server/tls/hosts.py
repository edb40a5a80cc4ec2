"""Host names of the HTTPS server: Google's, this machine's and the user's."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self, TypeAlias

from msgspec import Struct, field

from gemulator.service.locations import GLOBAL_HOST, LOCATION_HOSTS

Network: TypeAlias = IPv4Network | IPv6Network

GOOGLE_HOSTS: Sequence[str] = (
    GLOBAL_HOST,
    *LOCATION_HOSTS,
    "metadata.google.internal",
    "oauth2.googleapis.com",
    "prediction.vertexai.goog",  # and its subdomains, one for each dedicated endpoint
    "sts.googleapis.com",
)
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class HostNames(Struct, frozen=True):
    """A set of host names with their subdomains, and of networks."""

    hosts: tuple[str, ...]
    networks: tuple[Network, ...] = field(default=_LOOPBACK)

    @classmethod
    def with_defaults(cls, extra: Sequence[str] = ()) -> Self:
        """Return Google's names, this machine's, and the user's names or addresses."""
        networks = tuple(network for name in extra if (network := _network(name)))
        hosts = tuple(name.lower() for name in extra if _network(name) is None)
        return cls((*GOOGLE_HOSTS, "localhost", *hosts), (*_LOOPBACK, *networks))

    def includes(self, name: str) -> bool:
        """Return True if the set includes a host name or address."""
        network = _network(name)
        if network is not None:
            return any(network.version == known.version and _contains(network, known) for known in self.networks)
        host = name.lower()
        return any(host == known or host.endswith(f".{known}") for known in self.hosts)


def is_google_host(name: str) -> bool:
    """Return True if a host name is one of Google's that gemulator emulates."""
    return HostNames(tuple(GOOGLE_HOSTS), ()).includes(name)


def _contains(network: Network, known: Network) -> bool:
    return network.network_address in known


def _network(name: str) -> Network | None:
    try:
        return ip_network(name)
    except ValueError:
        return None
