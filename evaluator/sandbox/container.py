"""The settings of a submission's container: every defence that an engine offers, in one place."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from evaluator.contract import Limits
from evaluator.sandbox.conversation import JOB_MOUNT
from evaluator.sandbox.environment import harness_environment, threads_for
from evaluator.sandbox.nvidia_smi import ALL_DEVICES

OWNER_LABEL = "minigiants.sandbox.owner"
USER = "65532:65532"
SHARED_MEMORY_BYTES = 16 * 1024**2
NANO_CPUS = 1_000_000_000
FIRST_TO_BE_KILLED, SECOND_TO_BE_KILLED = 1000, 900
RUNTIME_TASKS = {"runsc": 96}
"""Tasks that a runtime has of its own beside the model, inside of the same limit."""

A_NUMBER_BYTES = 16
"""Enough to write a number to a file in /proc, for which gVisor counts the limit too."""

IMPORTS_BYTES = {"onnx": 256 * 1024**2, "transformers": 1024**3}
"""Memory for a fork server's own imports, beside that of the submission."""


@dataclass(frozen=True)
class ContainerSettings:
    """Arguments of the engine client's `create_container` and `create_host_config`."""

    container: dict[str, Any]
    host: dict[str, Any]


def container_settings(
    command: list[str],
    limits: Limits,
    *,
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
        "environment": harness_environment(threads_for(limits)),
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
            # The kernel counts queues by user, and all sandboxes have the same.
            Ulimit(name="msgqueue", soft=0, hard=0),
        ],
        "log_config": LogConfig(type="none"),
        "device_requests": _device_requests(gpu),
    }
    return ContainerSettings(container=container, host=host)


def as_fork_server(
    settings: ContainerSettings, limits: Limits, *, format_name: str
) -> ContainerSettings:
    """The settings for a harness that serves many submissions: nothing in it can be written.

    The harness is the first process, which its children can't kill, and which the kernel spares
    when memory runs out. It keeps to one thread, since it forks; its children take more.
    """
    memory = limits.memory_bytes + IMPORTS_BYTES[format_name]
    kept = [limit for limit in settings.host["ulimits"] if limit["Name"] != "fsize"]
    host = {
        **settings.host,
        "init": False,
        "ipc_mode": "none",  # private too, and without /dev/shm
        # Named, because gVisor would mount a writable one where there is none.
        "tmpfs": {"/tmp": "ro,noexec,nosuid,nodev,size=4096"},  # noqa: S108 inside the container
        "shm_size": None,
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": settings.host["pids_limit"] + 1,
        "oom_score_adj": SECOND_TO_BE_KILLED,
        "ulimits": [
            *kept,
            Ulimit(name="fsize", soft=A_NUMBER_BYTES, hard=A_NUMBER_BYTES),
        ],
    }
    container = {
        **settings.container,
        "environment": harness_environment(threads=1),
        "stop_signal": "SIGKILL",  # it ignores all others, which a child could send
    }
    return replace(settings, container=container, host=host)


def _device_requests(gpu: str | None) -> list[DeviceRequest] | None:
    if gpu is None:
        return None
    chosen: dict[str, Any] = {"count": -1} if gpu == ALL_DEVICES else {"device_ids": gpu.split(",")}
    return [DeviceRequest(capabilities=[["gpu"]], **chosen)]
