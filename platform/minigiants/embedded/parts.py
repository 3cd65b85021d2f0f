"""The programs of the platform that the embedded server runs, and their command lines.

No secret is ever on a command line, where every user of the machine could read it.
"""

import sys
from collections.abc import Mapping

from evaluator.contract import Role
from minigiants.embedded.credentials import Credentials
from minigiants.embedded.environments import (
    WORKER_GRACE_SECONDS,
    Addresses,
    worker_environment,
)
from minigiants.embedded.home import Home
from minigiants.embedded.preflight import HOST
from minigiants.embedded.service import ServiceSpec

_CELERY = [sys.executable, "-m", "celery"]


def manage(command: str, *options: str) -> list[str]:
    """The command line of a Django command."""
    return [sys.executable, "-m", "django", command, *options]


def web(home: Home, environment: Mapping[str, str], port: int) -> ServiceSpec:
    """The web application: one ASGI process on the loopback interface."""
    command = [sys.executable, "-m", "uvicorn", "minigiants.config.asgi:application"]
    command += ["--host", HOST, "--port", str(port), "--no-server-header", "--no-access-log"]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "5"]
    return ServiceSpec("web", command, environment, home.log("web"), home.folder)


def dispatcher(home: Home, environment: Mapping[str, str]) -> ServiceSpec:
    """What hands queued evaluations to the workers, and takes lost ones back."""
    log = home.log("dispatcher")
    return ServiceSpec("dispatcher", manage("dispatcher"), environment, log, home.folder)


def housekeeping(home: Home, environment: Mapping[str, str]) -> ServiceSpec:
    """The platform's own Celery worker: notifications, and what is swept from time to time."""
    command = [*_CELERY, "-A", "minigiants.config.celery", "worker", "--queues", "platform"]
    command += ["--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    log = home.log("platform")
    return ServiceSpec("platform", command, environment, log, home.folder)


def worker(role: Role, home: Home, credentials: Credentials, addresses: Addresses) -> ServiceSpec:
    """A worker of the evaluator, with the credentials of its role only."""
    return ServiceSpec(
        role.value,
        [*_CELERY, "-A", "evaluator.worker", "worker"],
        worker_environment(role, home, credentials, addresses),
        home.log(role.value),
        home.folder,
        grace_seconds=WORKER_GRACE_SECONDS + 5,
    )
