"""From a child of the fallback's fork server, the servers of the platform.

That is where a file would be that takes its runtime over: behind namespaces of its own, as a user
of its own, with its system calls filtered. The controls take these away one by one.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.attacks.confined_child import Weakness
from tests.attacks.worker_user import ROOT, WorkerUser
from tests.support.missing import missing

SERVICES = """
for name, address in {addresses}.items():
    def knock():
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as door:
            door.settimeout(5)
            door.connect(address)
    attempt(name, knock)
"""

Address = str | tuple[str | None, int | None]
Child = Callable[..., str]
"""Runs source in the child and tells what it printed; keywords are those of `Weakness`."""

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an ordinary user reaches; pytest's own are root's alone."""
    path = Path("/tmp") / f"minigiants-child-{os.getpid()}"
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def child(worker_user: WorkerUser, folder: Path) -> Child:
    """A child of the fork server that a worker of this user has."""

    def run(addresses: dict[str, Address], **taken: Any) -> str:
        own = tempfile.mkdtemp(dir=folder)
        worker_user.give(own)
        source = SERVICES.format(addresses=addresses)
        weakness = json.dumps(asdict(Weakness(**taken)))
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [worker_user.python, "-m", "tests.attacks.confined_child", own, source, weakness],
            env={"PYTHONPATH": worker_user.search_path},
            cwd=str(ROOT),
            capture_output=True,
            text=True,
            check=False,
            **worker_user.become,
        )
        if "The kernel denies" in done.stderr and not taken:
            missing("The fallback's confinement", done.stderr.strip().splitlines()[-1])
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def doors(folder: Path) -> Iterator[dict[str, Address]]:
    """Servers that everybody on the host may call: on a port, and by a path."""
    shown = folder / "shown"
    shown.mkdir(mode=0o755)
    path = shown / "service.sock"
    with socket.socket(socket.AF_UNIX) as unix, socket.socket() as tcp:
        unix.bind(str(path))
        path.chmod(0o777)
        tcp.bind(("127.0.0.1", 0))
        for server in (unix, tcp):
            server.listen()
        yield {"port": tcp.getsockname(), "path": str(path)}


def platform() -> dict[str, Address]:
    """The PostgreSQL and the Redis that these tests themselves run on."""
    names = ("MINIGIANTS_DATABASE_URL", "MINIGIANTS_BROKER_URL")
    return dict(
        zip(("PostgreSQL", "Redis"), (address_of(os.environ[n]) for n in names), strict=True)
    )


def address_of(url: str) -> Address:
    """Where a server listens: a path, or a host and a port."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    if parts.scheme == "postgresql":
        host, port = parse_qs(parts.query).get("host", [parts.hostname])[0], parts.port or 5432
        return f"{host}/.s.PGSQL.{port}" if str(host).startswith("/") else (host, port)
    return parts.hostname, parts.port


def test_all_doors_are_shut(child: Child, doors: dict[str, Address]) -> None:
    all_doors = {**doors, **platform()}
    told = child(all_doors)

    for name in all_doors:
        assert f"SHUT {name}" in told, told


def test_a_folder_in_its_root_opens_the_socket_there(
    child: Child, doors: dict[str, Address], folder: Path
) -> None:
    """The control of the mount namespace: as before, but that the root shows one folder more."""
    told = child(doors, shown=[str(folder / "shown")])

    assert "OPEN path" in told, told
    assert "SHUT port" in told, told


@pytest.mark.parametrize(("network", "filtered"), [(False, True), (True, False), (False, False)])
def test_ports_are_shut_twice(
    child: Child, doors: dict[str, Address], network: bool, filtered: bool
) -> None:
    """Each of the namespace and the filter holds by itself; without both the calls arrive."""
    opened = "SHUT" if network or filtered else "OPEN"
    told = child({**doors, "Redis": platform()["Redis"]}, network=network, filtered=filtered)

    assert f"{opened} port" in told, told
    assert f"{opened} Redis" in told, told
    assert "SHUT path" in told, told


@AS_ROOT
@pytest.mark.parametrize("worker_user", ["root"], indirect=True)
def test_the_database_would_be_open_to_its_own_user_alone(child: Child) -> None:
    """The control of PostgreSQL: its folder is shown, and still it takes its user to enter."""
    address = platform()["PostgreSQL"]
    if not isinstance(address, str):
        missing("A PostgreSQL on a Unix socket", "the tests use one on a port")
    shown, database = [str(Path(address).parent)], {"PostgreSQL": address}

    assert "SHUT PostgreSQL" in child(database, shown=shown)
    owner = Path(address).stat().st_uid
    assert "OPEN PostgreSQL" in child(database, shown=shown, user=owner)


@pytest.mark.docker
def test_the_engine_is_shut(child: Child, docker_engine: str) -> None:
    assert "SHUT Docker" in child({"Docker": address_of(docker_engine)})


@AS_ROOT
@pytest.mark.docker
@pytest.mark.parametrize("worker_user", ["root"], indirect=True)
def test_the_engine_would_be_open_to_root_alone(child: Child, docker_engine: str) -> None:
    """The control of Docker: its folder is shown, and still it takes root to enter."""
    address = address_of(docker_engine)
    if not isinstance(address, str):
        missing("Docker on a Unix socket", "DOCKER_HOST names a port")
    shown, engine = [str(Path(address).parent)], {"Docker": address}

    assert "SHUT Docker" in child(engine, shown=shown)
    assert "OPEN Docker" in child(engine, shown=shown, user=0)
