"""The settings of a submission's container: every defence that an engine offers, in one place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from evaluator.contract import Limits
from evaluator.sandbox.conversation import JOB_MOUNT
from evaluator.sandbox.environment import harness_environment

OWNER_LABEL = "minigiants.sandbox.owner"
USER = "65532:65532"
SHARED_MEMORY_BYTES = 16 * 1024**2
NANO_CPUS = 1_000_000_000
FIRST_TO_BE_KILLED = 1000
RUNTIME_TASKS = {"runsc": 96}
"""Tasks that a runtime has of its own beside the model, inside of the same limit."""


@dataclass(frozen=True)
class ContainerSettings:
    """Arguments of the engine client's `create_container` and `create_host_config`."""

    container: dict[str, Any]
    host: dict[str, Any]


def container_settings(
    command: list[str],
    limits: Limits,
    *,
    seed: int = 0,
    image: str,
    runtime: str,
    job: Path,
    owner: str,
    gpu: str | None = None,
) -> ContainerSettings:
    """A container that reaches nothing but `job`, read-only, and writes nowhere but in memory.

    `command` is a module and its arguments, for the image's Python. The engine's default seccomp
    profile applies, because none is named. `gpu` is "all", or the devices' names with commas
    between.
    """
    container = {
        "image": image,
        "entrypoint": ["python", "-m"],
        "command": command,
        "user": USER,
        "hostname": "sandbox",
        "environment": harness_environment(limits, seed=seed),
        # The client would hand the operator's proxies, with their passwords, to the container.
        "use_config_proxy": False,
        "network_disabled": True,
        "stdin_open": True,
        "tty": False,
        "labels": {OWNER_LABEL: owner},
    }
    scratch = limits.scratch_bytes
    host = {
        "runtime": runtime,
        "network_mode": "none",
        "ipc_mode": "private",
        "init": True,
        "read_only": True,
        "mounts": [Mount(JOB_MOUNT, str(job), type="bind", read_only=True)],
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,mode=1777,size={scratch}"},  # noqa: S108 inside
        "shm_size": min(SHARED_MEMORY_BYTES, scratch),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": int(limits.cpus * NANO_CPUS),
        "pids_limit": limits.processes + RUNTIME_TASKS.get(runtime, 0),
        "oom_score_adj": FIRST_TO_BE_KILLED,
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=scratch, hard=scratch),
            Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
        ],
        "log_config": LogConfig(type="none"),
        "device_requests": _device_requests(gpu),
    }
    return ContainerSettings(container=container, host=host)


def _device_requests(gpu: str | None) -> list[DeviceRequest] | None:
    if gpu is None:
        return None
    chosen: dict[str, Any] = {"count": -1} if gpu == "all" else {"device_ids": gpu.split(",")}
    return [DeviceRequest(capabilities=[["gpu"]], **chosen)]
