"""Licences of the runtime dependencies, read from their metadata.

`python -m tests.supply_chain.licences` lists them.
"""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement

from tests.supply_chain.requirements import normalize, runtime_requirements

# SPDX identifiers of licences under which a dependency may be installed beside Apache-2.0 code.
ALLOWED = frozenset(
    ("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0")
)
# What packages without a licence expression write.
_IDENTIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: CMU License (MIT-CMU)": "MIT-CMU",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "MIT License": "MIT",
}


def licences_of(requirements: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the licences of the required packages and of all that they need here, by name."""
    found: dict[str, frozenset[str]] = {}
    pending = [Requirement(text) for text in requirements]
    while pending:
        requirement = pending.pop()
        name = normalize(requirement.name)
        if name not in found and _applies(requirement, {""}):
            package = distribution(name)
            found[name] = declared(package)
            needed = map(Requirement, package.requires or ())
            pending += (other for other in needed if _applies(other, {"", *requirement.extras}))
    return found


def declared(package: Distribution) -> frozenset[str]:
    """Return the SPDX identifiers in the metadata of a package; an unknown licence as the package writes it."""
    values = package.metadata.get_all
    text = "".join(values("License-Expression") or ())
    classifiers = [one for one in values("Classifier") or () if one.startswith("License :: OSI")]
    if not text and not classifiers:
        text = "".join(values("License") or ()) or "no licence"
    if text in _IDENTIFIERS or not text:
        return frozenset(_IDENTIFIERS.get(one, one) for one in ([text] if text else classifiers))
    return frozenset(re.split(r"\s+(?:AND|OR)\s+", text.replace("(", "").replace(")", "")))


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


if __name__ == "__main__":
    for package, licences in sorted(licences_of(runtime_requirements()).items()):
        print(f"{package:24}{', '.join(sorted(licences))}")
