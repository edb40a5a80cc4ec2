"""Locations of the service and their host names."""

from collections.abc import Sequence
from functools import lru_cache

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
    "europe-west": (1, 2, 3, 4, 6, 8, 9, 10, 12, 15),
    "me-central": (1, 2),
    "me-west": (1,),
    "northamerica-northeast": (1, 2),
    "northamerica-south": (1,),
    "southamerica-east": (1,),
    "southamerica-west": (1,),
    "us-central": (1, 2),
    "us-east": (1, 4, 5, 7),
    "us-south": (1,),
    "us-west": (1, 2, 3, 4, 8),
}

REGIONS: Sequence[str] = tuple(f"{area}{number}" for area, numbers in _REGIONS.items() for number in numbers)
MULTI_REGIONS: Sequence[str] = ("eu", "us")
LOCATIONS = frozenset({"global", *REGIONS, *MULTI_REGIONS})

GLOBAL_HOST = "aiplatform.googleapis.com"
NO_HOST = "global-aiplatform.googleapis.com"  # a wrong guess of clients: no such host exists
_HOSTS = {f"{region}-{GLOBAL_HOST}": region for region in REGIONS} | {
    f"aiplatform.{area}.rep.googleapis.com": area for area in MULTI_REGIONS
}
LOCATION_HOSTS: Sequence[str] = tuple(_HOSTS)


@lru_cache(maxsize=1024)
def location_of_host(host: str) -> str | None:
    """Return the location that a Host header decides, None if the path does (fidelity.md, Locations)."""
    return _HOSTS.get(host.partition(":")[0].lower())
