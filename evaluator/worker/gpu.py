"""What kind of GPU a worker has."""

import subprocess
from typing import Final

import structlog
from pydantic import ValidationError

from evaluator.contract import Gpu
from evaluator.worker.concurrency import ALL_DEVICES

ANSWER_SECONDS: Final = 30
MEBIBYTE: Final = 1024**2

log = structlog.get_logger()


def gpu_of(devices: str | None) -> Gpu | None:
    """The kind and memory of a slot's GPU, by `nvidia-smi`; of several that with the least memory.

    `devices` is the worker's setting. None without a GPU, and where `nvidia-smi` is missing or
    can't tell, as of MIG slices: a job may still get the device.
    """
    if devices is None:
        return None
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    if devices != ALL_DEVICES:
        command.append(f"--id={devices}")
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
        ).stdout
        return min(map(_read, told.strip().splitlines()), key=lambda gpu: gpu.memory_bytes)
    except (OSError, subprocess.SubprocessError, ValueError, ValidationError) as error:
        log.warning("the kind of the GPU is not known", reason=str(error))
        return None


def _read(line: str) -> Gpu:
    name, memory = line.rsplit(",", 1)
    return Gpu(kind=name.strip(), memory_bytes=int(memory) * MEBIBYTE)
