"""Pages of last resort hold no database connection afterwards."""

from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from tests.support.asgi_server import AsgiServer
from tests.support.factories import UserFactory
from tests.support.waiting import wait_for


def _held() -> int:
    pool: Any = connection.pool  # type: ignore[attr-defined]
    stats = pool.get_stats()
    return int(stats["pool_size"] - stats["pool_available"])


@pytest.mark.parametrize("path", ["/no-such-page/", "/api/v1/no-such-thing"])
def test_an_address_that_does_not_exist_holds_no_connection(
    asgi_server: AsgiServer, path: str
) -> None:
    browser = Client()
    browser.force_login(UserFactory())
    cookies = {"sessionid": browser.cookies["sessionid"].value}
    before = _held()
    for _ in range(3):
        answer = httpx.get(asgi_server.url + path, cookies=cookies)
        assert answer.status_code == 404
    wait_for(lambda: _held() <= before, "the return of the connections", seconds=10)
