"""Access control of the admin API."""

from typing import Any

import pytest

from gemulator import SettingError, Settings
from gemulator.server.admin.guard import is_known_host
from tests.admin_api import AdminCaller, app_with


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8089", True),
        ("127.0.0.1", True),
        ("[::1]:8089", True),
        ("[::1]", True),
        ("192.168.1.7:80", True),
        ("gemulator:8089", True),
        ("host.docker.internal:8089", True),
        ("app.localhost", True),
        ("emulator.test:8089", True),
        ("evil.example", False),
        ("localhost.evil.example:8089", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_known_hosts(host: str, known: bool) -> None:
    assert is_known_host(host, ("emulator.test",)) is known


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"host": "evil.example"}, 403, "foreign_host"),
        ({"origin": "http://evil.example"}, 403, "cross_origin"),
        ({"origin": "http://127.0.0.1:3000"}, 403, "cross_origin"),
        ({"origin": "null"}, 403, "cross_origin"),
        ({"sec-fetch-site": "cross-site"}, 403, "cross_origin"),
        ({"sec-fetch-site": "same-site"}, 403, "cross_origin"),
        ({"origin": "http://127.0.0.1:8089", "sec-fetch-site": "same-origin"}, 200, None),
        ({"sec-fetch-site": "none"}, 200, None),
    ],
)
async def test_guard_checks_host_and_origin(
    call: AdminCaller, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = await call("GET", "/sessions", status, headers=headers)
    assert answer.get("error", {}).get("code") == code
    await call("GET", "/health", headers=headers)


@pytest.mark.parametrize(
    ("settings", "headers", "status", "code"),
    [
        ({"admin": "off"}, {}, 404, "admin_off"),
        ({"admin_key": "k"}, {}, 401, "key_required"),
        ({"admin_key": "k"}, {"x-emulator-admin-key": "j"}, 401, "key_required"),
        ({"admin_key": "k"}, {"x-emulator-admin-key": "k"}, 200, None),
        ({"allow_host": ("Evil.example",)}, {"host": "evil.EXAMPLE"}, 200, None),
        ({"allow_host": ("*.SVC.cluster.local",)}, {"host": "gemulator.test.svc.cluster.local:8089"}, 200, None),
        ({"allow_host": ("*.svc.cluster.local",)}, {"host": "svc.cluster.local"}, 403, "foreign_host"),
        ({"allow_host": ("*.svc.cluster.local",)}, {"host": "evilsvc.cluster.local"}, 403, "foreign_host"),
    ],
)
async def test_guard_checks_switch_and_key(
    settings: dict[str, Any], headers: dict[str, str], status: int, code: str | None
) -> None:
    api = AdminCaller(app_with(**settings))
    answer = await api("GET", "/sessions", status, headers=headers)
    assert answer.get("error", {}).get("code") == code
    await api("GET", "/health")


@pytest.mark.parametrize("host", ["*", "*cluster.local", "a.*.local", "http://a.test", "a.test:8089", "**.local", ""])
def test_host_that_can_match_nothing_is_refused(host: str) -> None:
    with pytest.raises(SettingError, match=r"allow_host: .* is not a host name"):
        Settings.of(allow_host=(host,))


@pytest.mark.parametrize(
    ("host", "allowed", "known"),
    [
        ("localhost.:8089", (), True),
        ("gemulator.test.", ("gemulator.test",), True),
        ("gemulator.test", ("gemulator.test.",), True),
        ("a.svc.cluster.local.:80", ("*.svc.cluster.local",), True),
        ("a.svc.cluster.local", ("*.svc.cluster.local.",), True),
        ("evil.example.", ("gemulator.test",), False),
    ],
)
def test_dot_at_the_end_of_a_host_does_not_count(host: str, allowed: tuple[str, ...], known: bool) -> None:
    assert is_known_host(host, allowed) is known
