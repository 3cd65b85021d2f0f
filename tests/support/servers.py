"""The real PostgreSQL and Redis that the tests run on, one of each for a whole run.

The process that the user started (pytest-xdist's controller, or pytest itself) starts them in a
temporary folder, tells where they are through the environment, and stops them at the end; if it
is killed, the kernel stops them. Each xdist worker has a database of its own (pytest-django
makes it) and a Redis database of its own.

Set MINIGIANTS_TEST_DATABASE_URL to use a PostgreSQL of yours instead; its role must be allowed to
create databases.
"""

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from redis import Redis

from evaluator.broker import platform_acl_rules
from minigiants.embedded.postgres import Passwords, Postgres
from minigiants.embedded.redis import RedisServer, RedisUser
from minigiants.embedded.service_user import service_user

ADMIN_URL = "MINIGIANTS_TEST_REDIS_ADMIN_URL"
_SERVERS = pytest.StashKey["Servers"]()


class Servers:
    """The servers of one run, and the temporary folder with all that they and the tests write."""

    def __init__(self, *, own_postgres: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="minigiants-tests-"))
        self.folder.chmod(0o711)  # so that the service user can reach its data
        user = service_user()
        logs = self.folder / "logs"
        self.postgres = (
            Postgres(
                self.folder,
                Passwords(secrets.token_hex(16), secrets.token_hex(16)),
                log=logs / "postgres.log",
                user=user,
                throwaway=True,
            )
            if own_postgres
            else None
        )
        self.redis = RedisServer(
            self.folder,
            [
                RedisUser("platform", secrets.token_hex(16), platform_acl_rules()),
                RedisUser("operator", secrets.token_hex(16), ["~*", "&*", "+@all"]),
            ],
            log=logs / "redis.log",
            user=user,
        )

    def start(self) -> None:
        """Start both, side by side, and wait until they answer."""
        self.redis.start()
        if self.postgres is not None:
            self.postgres.start()
            self.postgres.wait_ready()
        self.redis.wait_ready()

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        if self.postgres is not None:
            self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _with_database(url: str, number: int) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers (in the controller), then let Django read its settings."""
    if config.option.help or config.option.version:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _start(config)
        if config.getoption("numprocesses", None):
            return  # the workers run the tests; what Django reads is theirs to set
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    for variable in ("MINIGIANTS_BROKER_URL", ADMIN_URL):
        os.environ[variable] = _with_database(os.environ[variable], number)
    blobs = Path(os.environ["MINIGIANTS_HOME"]) / f"blobs-{number}"
    blobs.mkdir(exist_ok=True)
    os.environ["MINIGIANTS_BLOBS"] = str(blobs)
    os.environ["DJANGO_SETTINGS_MODULE"] = "minigiants.config.settings"
    from django.conf import settings

    assert settings.DATABASES  # read now: pytest-django sets Django up when settings are loaded
    # Else each test's own client lists all static files at its first request.
    settings.WHITENOISE_AUTOREFRESH = True


def _start(config: pytest.Config) -> None:
    given = os.environ.get("MINIGIANTS_TEST_DATABASE_URL")
    servers = Servers(own_postgres=given is None)
    config.stash[_SERVERS] = servers
    config.add_cleanup(servers.stop)
    if not config.option.collectonly:
        servers.start()
        database = given or (servers.postgres.url() if servers.postgres else "")
        broker, admin = servers.redis.url("platform"), servers.redis.url("operator")
    else:
        database, broker, admin = "postgresql:///unused", "redis://unused/0", "redis://unused/0"
    home = servers.folder / "home"
    home.mkdir(mode=0o700)
    for name in [name for name in os.environ if name.startswith("MINIGIANTS_")]:
        if not name.startswith("MINIGIANTS_TEST_"):
            del os.environ[name]  # the caller's installation is no business of the tests
    os.environ.update(
        {
            "MINIGIANTS_DATABASE_URL": database,
            "MINIGIANTS_BROKER_URL": broker,
            ADMIN_URL: admin,
            "MINIGIANTS_HOME": str(home),
            "MINIGIANTS_SECRET_KEY": secrets.token_hex(32),
            "MINIGIANTS_BASE_URL": "http://testserver",
            "MINIGIANTS_ALLOWED_HOSTS": "localhost,127.0.0.1",
            "MINIGIANTS_EMAIL_URL": "consolemail://",
            "MINIGIANTS_LOG_LEVEL": "WARNING",
            "MINIGIANTS_TEST_CONTROLLER": str(os.getpid()),
        }
    )


@pytest.fixture(scope="session")
def redis_admin_url() -> str:
    """URL of the Redis user who may do everything, on this worker's own Redis database."""
    return os.environ[ADMIN_URL]


@pytest.fixture
def empty_redis(redis_admin_url: str) -> None:
    """No rate limit, and nothing else in Redis, remembers the test before."""
    with Redis.from_url(redis_admin_url) as connection:
        connection.flushdb()
