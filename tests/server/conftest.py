"""The admin API, for the tests of the HTTP edge."""

from collections.abc import AsyncIterator

import pytest

from tests.admin_api import AdminCaller, app_with


@pytest.fixture
async def call() -> AsyncIterator[AdminCaller]:
    """Call the admin API of an app with one scenario."""
    api = AdminCaller(app_with())
    async with api.http:
        yield api
