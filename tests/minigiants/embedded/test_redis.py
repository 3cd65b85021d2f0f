"""The private Redis: no password, no entry; and each user its own queue."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.exceptions import NoPermissionError

from evaluator.broker import acl_rules, platform_acl_rules
from evaluator.contract import Role
from minigiants.embedded.redis import RedisServer, RedisUser, broker_url
from minigiants.embedded.service_user import service_user


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="minigiants-test-"))
    folder.chmod(0o711)
    users = [
        RedisUser("platform", "of-the-platform", platform_acl_rules()),
        RedisUser("predict", "of-predict", acl_rules(Role.PREDICT, "cpu")),
    ]
    server = RedisServer(folder, users, log=folder / "redis.log", user=service_user())
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        assert server.stop()
        shutil.rmtree(folder)


def connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5, decode_responses=True)


def test_nobody_enters_without_a_password(server: RedisServer) -> None:
    with (
        connect(f"redis://127.0.0.1:{server.port}/0") as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.parametrize("password", ["wrong", "of-predict"])
def test_a_wrong_password_is_refused(server: RedisServer, password: str) -> None:
    url = broker_url("platform", password, server.port)
    with connect(url) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_a_worker_reaches_its_own_queue_and_no_other(server: RedisServer) -> None:
    with connect(server.url("platform")) as platform, connect(server.url("predict")) as worker:
        platform.lpush("score", "for score workers")
        platform.lpush("predict.cpu", "for this worker")
        assert worker.rpop("predict.cpu") == "for this worker"
        for key in ("score", "celery", "platform", "cache:1:x"):
            with pytest.raises(NoPermissionError):
                worker.rpop(key)
        with pytest.raises(NoPermissionError):
            worker.execute_command("CONFIG", "GET", "*")


def test_it_listens_on_the_loopback_interface_only(server: RedisServer) -> None:
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {row[1] for row in listening if row[3] == "0A"}
    assert f"0100007F:{server.port:04X}" in addresses
    assert f"00000000:{server.port:04X}" not in addresses


def test_its_files_hold_no_password(server: RedisServer) -> None:
    acl_file = server.log.parent / "redis" / "users.acl"
    text = acl_file.read_text()
    assert "user predict on #" in text
    assert "of-predict" not in text
    assert "of-the-platform" not in text


def test_it_forgets_its_content(folder: Path) -> None:
    users = [RedisUser("platform", "secret", platform_acl_rules())]
    server = RedisServer(folder, users, log=folder / "redis.log", user=service_user())
    for _ in range(2):
        server.start()
        server.wait_ready()
        with connect(server.url("platform")) as client:
            assert client.get("key") is None
            client.set("key", "value")
        assert server.stop()
