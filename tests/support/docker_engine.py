"""A Docker engine for the tests, and the images that they run.

An engine that already answers (DOCKER_HOST, else the system's socket) is used. Else root on a
machine with `dockerd` gets a private one with its own configuration, socket and data; the data
stays in a cache folder, so that images are built once. What is missing is a skip, or a failure
where CI=true.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, ImageNotFound
from platformdirs import user_cache_path

from tests.support.missing import missing

ROOT = Path(__file__).resolve().parents[2]
CACHE = user_cache_path("minigiants") / "test-docker"
PUBLISHED_BASE = "python:3.11-slim-bookworm"
BOOTSTRAPPED_BASE = "minigiants-base:bookworm"
_SYSTEM_SOCKET = "unix:///var/run/docker.sock"
_PRIVATE_RUN = Path("/run/minigiants-tests")
_START_SECONDS = 60


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The address of an engine that answers. It is in DOCKER_HOST too while the tests run."""
    with one_at_a_time("engine"):
        address = _address()
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = address
    yield address
    if before is None:
        del os.environ["DOCKER_HOST"]
    else:
        os.environ["DOCKER_HOST"] = before


@pytest.fixture(scope="session")
def base_image(docker_engine: str) -> str:
    """An image with Python 3.11: the published one where it can be pulled, else a bootstrapped.

    The bootstrapped one is bare Debian with the same Python, and this machine's certificates, so
    that image builds reach whatever package index this machine reaches.
    """
    with one_at_a_time("base-image"), closing(docker.DockerClient(docker_engine)) as client:
        for name in (BOOTSTRAPPED_BASE, PUBLISHED_BASE):
            try:
                client.images.get(name)
            except ImageNotFound:
                continue
            return name
        try:
            client.images.pull(PUBLISHED_BASE)
        except DockerException:
            _bootstrap_base(docker_engine)
            return BOOTSTRAPPED_BASE
        return PUBLISHED_BASE


def answers(address: str) -> bool:
    """Whether a Docker engine answers at this address."""
    if address.startswith("unix://") and not _somebody_listens(address.removeprefix("unix://")):
        return False  # the SDK forgets to close a socket that could not connect
    try:
        with closing(docker.DockerClient(address, timeout=10)) as client:
            return bool(client.ping())
    except DockerException:
        return False


def _somebody_listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(5)
        try:
            door.connect(path)
        except OSError:
            return False
        return True


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Only one of pytest-xdist's workers prepares a thing; the others wait and find it ready."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _address() -> str:
    given = os.environ.get("DOCKER_HOST")
    if given:
        if answers(given):
            return given
        missing("Docker", f"no engine answers at DOCKER_HOST={given}")
    if answers(_SYSTEM_SOCKET):
        return _SYSTEM_SOCKET
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        missing(
            "Docker", "start an engine or set DOCKER_HOST (as root: scripts/install-test-tools)"
        )
    address = f"unix://{_PRIVATE_RUN / 'docker.sock'}"
    if not answers(address):
        _start_private_engine(address)
    return address


def _start_private_engine(address: str) -> None:
    _PRIVATE_RUN.mkdir(mode=0o700, exist_ok=True)
    configuration: dict[str, object] = {
        "data-root": str(CACHE / "data"),
        "exec-root": str(_PRIVATE_RUN / "exec"),
        "pidfile": str(_PRIVATE_RUN / "docker.pid"),
        "hosts": [address],
        "log-level": "warn",
    }
    runsc = shutil.which("runsc")
    if runsc is not None:
        arguments = ["--network=none", "--host-uds=open"]
        configuration["runtimes"] = {"runsc": {"path": runsc, "runtimeArgs": arguments}}
    file = _PRIVATE_RUN / "daemon.json"
    file.write_text(json.dumps(configuration, indent=2))
    log = CACHE / "dockerd.log"
    controller = os.environ["MINIGIANTS_TEST_CONTROLLER"]
    guard = [sys.executable, str(Path(__file__).with_name("outlived_by.py")), controller]
    with log.open("wb") as output:
        # Not a Popen, which would complain at the end that its process is still running: it is
        # meant to, until the whole run is over.
        pid = os.posix_spawn(
            sys.executable,
            [*guard, "dockerd", "--config-file", str(file)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ],
            setsid=True,
        )
    limit = time.monotonic() + _START_SECONDS
    while not answers(address):
        if os.waitpid(pid, os.WNOHANG)[0] or time.monotonic() > limit:
            lines = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            missing("Docker", f"dockerd does not start here. Its log {log} ends with:\n{lines}")
        time.sleep(0.1)


def _bootstrap_base(address: str) -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        missing(f"The image {PUBLISHED_BASE}", "it can't be pulled, and there is no debootstrap")
    tree = CACHE / "bookworm"
    shutil.rmtree(tree, ignore_errors=True)
    packages = "--include=python3,python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", packages, "bookworm", str(tree)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    bundle = Path("etc/ssl/certs/ca-certificates.crt")
    if (Path("/") / bundle).exists():
        shutil.copyfile(Path("/") / bundle, tree / bundle)
    with subprocess.Popen(["tar", "-C", str(tree), "-c", "."], stdout=subprocess.PIPE) as tar:
        subprocess.run(
            ["docker", "-H", address, "import", "-", BOOTSTRAPPED_BASE],
            stdin=tar.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    shutil.rmtree(tree)
