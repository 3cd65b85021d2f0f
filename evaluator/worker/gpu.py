"""What kind of GPU a worker has."""

import structlog
from pydantic import ValidationError

from evaluator.contract import Gpu
from evaluator.sandbox.nvidia_smi import NotTold, ask, memory_bytes

log = structlog.get_logger()


def gpu_of(devices: str | None) -> Gpu | None:
    """The kind and memory of a slot's GPU, by `nvidia-smi`; of several that with the least memory.

    `devices` is the worker's setting. None without a GPU, and where `nvidia-smi` is missing or
    can't tell, as of MIG slices: a job may still get the device.
    """
    if devices is None:
        return None
    try:
        told = ask(devices, "name", "memory.total")
        gpus = [Gpu(kind=name, memory_bytes=memory_bytes(memory)) for name, memory in told]
    except (NotTold, ValidationError) as error:
        log.warning("the kind of the GPU is not known", reason=str(error))
        return None
    return min(gpus, key=lambda gpu: gpu.memory_bytes)
