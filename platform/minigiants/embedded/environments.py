"""What each child process gets to know: an explicit environment, nothing inherited by default.

A predict worker handles what strangers uploaded. Its environment names the platform's address,
its own broker user and its own key; no database, no secret key, no score credential.
"""

import importlib.util
import os
import site
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evaluator.contract import Role
from minigiants.embedded.credentials import Credentials
from minigiants.embedded.home import Home

PROFILE = "cpu"
"""The profile of the embedded workers: what any machine has."""

WORKER_GRACE_SECONDS = 10

_FOR_ALL = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_FOR_PLATFORM = (
    "MINIGIANTS_BASE_URL",
    "MINIGIANTS_DEBUG",
    "MINIGIANTS_EMAIL_FROM",
    "MINIGIANTS_EMAIL_URL",
    "MINIGIANTS_LOG_LEVEL",
    "MINIGIANTS_DOCS",
    "MINIGIANTS_PACKS",
    "MINIGIANTS_WEBHOOK_NETWORKS",
)
_FOR_SANDBOXES = (
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "MINIGIANTS_HARNESS_IMAGE",
    "MINIGIANTS_SANDBOX",
)
_FOR_PREDICT = (
    "MINIGIANTS_WORKER_CACHE_BYTES",
    "MINIGIANTS_WORKER_FORK_SERVERS",
    "MINIGIANTS_WORKER_POOL",
    "MINIGIANTS_WORKER_SLOTS",
)


@dataclass(frozen=True)
class Addresses:
    """Where the servers of one start are. The three broker URLs belong to three Redis users."""

    web: str
    database: str
    broker_platform: str
    broker_predict: str
    broker_score: str


def platform_environment(
    home: Home, credentials: Credentials, addresses: Addresses
) -> dict[str, str]:
    """For the web application, its dispatcher and its commands: all that settings.py reads."""
    return {
        **_common(),
        "DJANGO_SETTINGS_MODULE": "minigiants.config.settings",
        "MINIGIANTS_BASE_URL": addresses.web,
        **_taken(_FOR_PLATFORM),
        "MINIGIANTS_ALLOWED_HOSTS": ",".join(
            filter(None, [os.environ.get("MINIGIANTS_ALLOWED_HOSTS"), "127.0.0.1", "localhost"])
        ),
        "MINIGIANTS_HOME": str(home.folder),
        "MINIGIANTS_BLOBS": str(home.blobs),
        "MINIGIANTS_STATIC": str(home.static),
        "MINIGIANTS_DATABASE_URL": addresses.database,
        "MINIGIANTS_BROKER_URL": addresses.broker_platform,
        "MINIGIANTS_SECRET_KEY": credentials.secret_key,
    }


def collecting_environment(home: Home) -> dict[str, str]:
    """For collecting the files beside the pages, which connects to nothing."""
    return {
        **_common(),
        "DJANGO_SETTINGS_MODULE": "minigiants.config.settings",
        "MINIGIANTS_STATIC": str(home.static),
        "MINIGIANTS_DATABASE_URL": "postgresql:///unused",
        "MINIGIANTS_BROKER_URL": "redis://unused/0",
        "MINIGIANTS_SECRET_KEY": "unused",
    }


def worker_environment(
    role: Role, home: Home, credentials: Credentials, addresses: Addresses
) -> dict[str, str]:
    """For a worker: its role's own credentials, and only those."""
    predicts = role is Role.PREDICT
    environment = {
        **_common(),
        **_taken(_FOR_SANDBOXES),
        **(_taken(_FOR_PREDICT) if predicts else {}),
        "MINIGIANTS_WORKER_ROLE": role.value,
        "MINIGIANTS_WORKER_PROFILE": PROFILE,
        "MINIGIANTS_WORKER_NAME": f"embedded-{role.value}",
        "MINIGIANTS_WORKER_GRACE_SECONDS": str(WORKER_GRACE_SECONDS),
        "MINIGIANTS_WORKER_CACHE": str(home.worker_folder(role.value, "cache")),
        "MINIGIANTS_WORKER_SCRATCH": str(home.worker_folder(role.value, "scratch")),
        "MINIGIANTS_PLATFORM_URL": addresses.web,
    }
    if predicts:
        environment["MINIGIANTS_WORKER_KEY"] = credentials.worker_key_predict
        environment["MINIGIANTS_BROKER_URL"] = addresses.broker_predict
    else:
        environment["MINIGIANTS_WORKER_KEY"] = credentials.worker_key_score
        environment["MINIGIANTS_BROKER_URL"] = addresses.broker_score
    return environment


def worker_keys(credentials: Credentials) -> str:
    """The keys of the embedded workers, as `manage.py prepare` reads them."""
    keys = {
        Role.PREDICT: credentials.worker_key_predict,
        Role.SCORE: credentials.worker_key_score,
    }
    return ",".join(f"{role.value}.{PROFILE}={key}" for role, key in keys.items())


def _common() -> dict[str, str]:
    return {
        **_taken(_FOR_ALL),
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        **({"PYTHONPATH": os.pathsep.join(roots)} if (roots := _source_roots()) else {}),
    }


def _taken(names: Iterable[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _source_roots() -> list[str]:
    """Where the packages are imported from, when they run from a source tree."""
    installed = {sysconfig.get_path("purelib"), *site.getsitepackages(), site.getusersitepackages()}
    roots = []
    for package in ("minigiants", "evaluator"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            root = str(Path(spec.origin).parents[1])
            if root not in installed:
                roots.append(root)
    return roots
