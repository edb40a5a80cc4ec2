"""Host names of the HTTPS server: Google's, this machine's and the user's."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self, TypeAlias

from msgspec import Struct, field

Network: TypeAlias = IPv4Network | IPv6Network

_REGIONS = {
    "africa-south": (1,),
    "asia-east": (1, 2),
    "asia-northeast": (1, 2, 3),
    "asia-south": (1, 2),
    "asia-southeast": (1, 2, 3),
    "australia-southeast": (1, 2),
    "europe-central": (2,),
    "europe-north": (1, 2),
    "europe-southwest": (1,),
    "europe-west": (1, 2, 3, 4, 6, 8, 9, 10, 12),
    "me-central": (1, 2),
    "me-west": (1,),
    "northamerica-northeast": (1, 2),
    "northamerica-south": (1,),
    "southamerica-east": (1,),
    "southamerica-west": (1,),
    "us-central": (1,),
    "us-east": (1, 4, 5),
    "us-south": (1,),
    "us-west": (1, 2, 3, 4),
}

GOOGLE_HOSTS: Sequence[str] = (
    "aiplatform.googleapis.com",
    *(f"{area}{number}-aiplatform.googleapis.com" for area, numbers in _REGIONS.items() for number in numbers),
    *(f"aiplatform.{area}.rep.googleapis.com" for area in ("eu", "us")),
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
