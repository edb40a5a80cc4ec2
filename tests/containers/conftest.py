"""Needs the image `gemulator` and a container engine: .ci/containers builds the one and looks for the other."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_SKIP = pytest.mark.skip(reason="containers are left to .ci/containers")

# The helper container that cleans up after testcontainers is not to be had without a registry.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip all of them elsewhere."""
    for item in items:
        if "GEMULATOR_CONTAINERS" not in os.environ and item.path.is_relative_to(_HERE):
            item.add_marker(_SKIP)
