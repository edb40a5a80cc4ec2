"""Locations of the service and their host names."""

import re
from collections.abc import Sequence

from gemulator.core.text_cache import cache_texts

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
LOCATION_HOSTS: Sequence[str] = (
    *(f"{region}-{GLOBAL_HOST}" for region in REGIONS),
    *(f"aiplatform.{area}.rep.googleapis.com" for area in MULTI_REGIONS),
)
_LOCATION_HOST = re.compile(r"([a-z0-9-]+)-aiplatform\.googleapis\.com|aiplatform\.([a-z0-9-]+)\.rep\.googleapis\.com")


@cache_texts(1_024, 300)
def location_of_host(host: str) -> str | None:
    """Return the location that a Host header decides, known or not; None if the path does (fidelity.md, Locations)."""
    named = _LOCATION_HOST.fullmatch(host.partition(":")[0].lower())
    return named and (named[1] or named[2])
