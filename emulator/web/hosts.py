"""The names under which gemulator may be reached over HTTPS: Google's own that it emulates, and this machine's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

_REGIONS = """
    africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
    asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2 europe-central2
    europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6
    europe-west8 europe-west9 europe-west10 europe-west12 me-central1 me-central2 me-west1 northamerica-northeast1
    northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
    us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
""".split()

GOOGLE: Sequence[str] = (
    "aiplatform.googleapis.com",
    *(f"{region}-aiplatform.googleapis.com" for region in _REGIONS),
    *(f"aiplatform.{area}.rep.googleapis.com" for area in ("eu", "us")),
    "metadata.google.internal",
    "oauth2.googleapis.com",
    "prediction.vertexai.goog",  # and all below it: one name for each dedicated endpoint
    "sts.googleapis.com",
)
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Names:
    """A set of host names with all that is below them, and of networks."""

    hosts: tuple[str, ...]
    networks: tuple[Network, ...] = field(default=_LOOPBACK)

    @classmethod
    def usual(cls, further: Sequence[str] = ()) -> Self:
        """Google's names, this machine's, and what the user adds: names or addresses."""
        networks = tuple(network for name in further if (network := _network(name)))
        hosts = tuple(name.lower() for name in further if _network(name) is None)
        return cls((*GOOGLE, "localhost", *hosts), (*_LOOPBACK, *networks))

    def cover(self, name: str) -> bool:
        """Whether a host name or address is one of them."""
        network = _network(name)
        if network is not None:
            return any(network.version == known.version and _inside(network, known) for known in self.networks)
        host = name.lower()
        return any(host == known or host.endswith(f".{known}") for known in self.hosts)


def google(name: str) -> bool:
    """Whether a host name is one of Google's that gemulator emulates."""
    return Names(tuple(GOOGLE), ()).cover(name)


def _inside(network: Network, known: Network) -> bool:
    return network.network_address in known


def _network(name: str) -> Network | None:
    try:
        return ip_network(name)
    except ValueError:
        return None
