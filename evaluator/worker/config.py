"""A worker's configuration: environment variables and nothing else."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from evaluator import broker
from evaluator.contract import Name, Role
from evaluator.worker.concurrency import fitting_slots, gpu_devices

VARIABLES: Final[Mapping[str, str]] = {
    "role": "MINIGIANTS_WORKER_ROLE",
    "profile": "MINIGIANTS_WORKER_PROFILE",
    "key": "MINIGIANTS_WORKER_KEY",
    "name": "MINIGIANTS_WORKER_NAME",
    "slots": "MINIGIANTS_WORKER_SLOTS",
    "pool": "MINIGIANTS_WORKER_POOL",
    "fork_servers": "MINIGIANTS_WORKER_FORK_SERVERS",
    "cache": "MINIGIANTS_WORKER_CACHE",
    "cache_bytes": "MINIGIANTS_WORKER_CACHE_BYTES",
    "scratch": "MINIGIANTS_WORKER_SCRATCH",
    "grace_seconds": "MINIGIANTS_WORKER_GRACE_SECONDS",
    "gpu": "MINIGIANTS_WORKER_GPU",
    "platform_url": "MINIGIANTS_PLATFORM_URL",
    "broker_url": "MINIGIANTS_BROKER_URL",
    "sandbox": "MINIGIANTS_SANDBOX",
    "harness_image": "MINIGIANTS_HARNESS_IMAGE",
}
"""The environment variable of each setting."""


class ConfigurationError(Exception):
    """The environment does not configure a worker. The message names each variable at fault."""


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    return url.rstrip("/")


def _redis_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("redis://", "rediss://", "redis+socket://")):
        raise ValueError("must be a redis://, rediss:// or redis+socket:// URL")
    return url


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _apart_from_each_other(gpu: str) -> str:
    gpu_devices(gpu)
    return gpu


class WorkerConfig(BaseModel):
    """All that a worker is told. Sizes are in bytes, times in seconds.

    `key` is the bearer credential for the platform's worker routes; it is bound there to the
    role and profile. `cache` keeps fetched blobs between jobs, `scratch` the files of running
    ones; each worker needs a scratch folder of its own, a cache may be shared by workers of the
    same role. `slots` is how many jobs run at a time; unset, one for each device of `gpu`, and
    never more, or without GPUs as many as fit the machine. `pool` is how many containers wait in
    each slot, with torch imported, for models of the format `python`, `fork_servers` how many
    processes at most stay in each slot for formats that are served by forking. `grace_seconds` is
    how long running jobs may go on once the worker is told to stop. `sandbox`, `harness_image` and
    `gpu` matter to predict workers alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    profile: Name = "cpu"
    key: SecretStr = Field(min_length=16)
    name: str = Field(default="", max_length=128)
    slots: int = Field(default=1, ge=1, le=1024)
    pool: int = Field(default=1, ge=0, le=64)
    fork_servers: int = Field(default=3, ge=1, le=64)
    cache: Annotated[Path, AfterValidator(_absolute)]
    cache_bytes: int = Field(default=10 * 1024**3, ge=0)
    scratch: Annotated[Path, AfterValidator(_absolute)]
    grace_seconds: float = Field(default=30.0, ge=0, le=86_400)
    gpu: Annotated[str, AfterValidator(_apart_from_each_other)] | None = None
    platform_url: Annotated[str, AfterValidator(_http_url)]
    broker_url: Annotated[SecretStr, AfterValidator(_redis_url)]
    sandbox: str = "auto"
    harness_image: str | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.cache == self.scratch:
            raise ValueError("cache and scratch must be different folders")
        return self

    @model_validator(mode="after")
    def _one_model_a_device(self) -> Self:
        if self.gpu is not None and self.slots > fitting_slots(self.gpu):
            raise ValueError(
                f"{VARIABLES['slots']} is more than the GPU devices of {VARIABLES['gpu']}. Models "
                "that share a device take its memory and its time from each other. Leave "
                f"{VARIABLES['slots']} unset, or name a device or MIG slice for each slot; "
                "'all' is one slot"
            )
        return self

    @property
    def queue(self) -> str:
        """The queue that this worker consumes."""
        return broker.queue_name(self.role, self.profile)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The configuration that the environment holds; an empty variable counts as unset.

        Raises `ConfigurationError`, which repeats no value: some are secrets.
        """
        values = {
            field: environment[variable]
            for field, variable in VARIABLES.items()
            if environment.get(variable)
        }
        try:
            config = cls.model_validate(values)
        except ValidationError as error:
            problems = "".join(
                f"\n  {VARIABLES.get(str(next(iter(problem['loc']), '')), 'settings')}: "
                f"{problem['msg']}"
                for problem in error.errors(include_url=False, include_input=False)
            )
            raise ConfigurationError(f"This worker is not configured:{problems}") from None
        defaults: dict[str, Any] = {}
        if "slots" not in values:
            defaults["slots"] = fitting_slots(config.gpu)
        if not config.name:
            defaults["name"] = f"{socket.gethostname()}-{config.queue}"[:128]
        return config.model_copy(update=defaults)
