"""Models of format `python` in Docker, and how fast the machine turns idle containers over."""

import os
import runpy
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import numpy as np
import torch
from docker.errors import DockerException, ImageNotFound
from numpy.typing import NDArray

from benchmarks.onnx_models import digits
from benchmarks.packs import PACK
from benchmarks.workload import Workload
from evaluator.contract import Limits
from evaluator.sandbox.cgroup import container_usage
from evaluator.sandbox.choice import DEFAULT_HARNESS_IMAGE
from evaluator.sandbox.container import OWNER_LABEL
from evaluator.sandbox.environment import HARNESS_MODULE, harness_arguments

AT_ONCE = 2
"""Containers that start side by side: the cores of the machine that the figures are quoted for."""
REST_SECONDS, REST_LOOKS = 0.5, 3
IDLE_SECONDS = 0.02
"""What idle containers use together between two looks, at most."""
WAIT_SECONDS = 180.0


def harness_image() -> str:
    """The image that models run in."""
    return os.environ.get("MINIGIANTS_HARNESS_IMAGE", DEFAULT_HARNESS_IMAGE)


def is_available() -> bool:
    """Whether there is an engine here that has the harness image."""
    try:
        with closing(docker.DockerClient.from_env(timeout=10)) as client:
            client.images.get(harness_image())
    except (DockerException, ImageNotFound):
        return False
    return True


def await_rest() -> None:
    """Wait until the platform's containers are all there and idle, their imports done."""
    limit = time.monotonic() + WAIT_SECONDS
    with closing(docker.DockerClient.from_env()) as client:
        before, quiet = _processor_seconds(client), 0
        while quiet < REST_LOOKS:
            if time.monotonic() > limit:
                raise RuntimeError("The platform's containers did not come to rest.")
            time.sleep(REST_SECONDS)
            now = _processor_seconds(client)
            idle = now and now.keys() == before.keys() and _grown(before, now) < IDLE_SECONDS
            before, quiet = now, quiet + 1 if idle else 0


def _grown(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    return sum(now.values()) - sum(before.values())


def _processor_seconds(client: docker.DockerClient) -> Mapping[str, float]:
    """What each container of the platform's has used of the processor, as far as it is told.

    From the control groups: the engine takes seconds to tell of each container.
    """
    running = client.containers.list(filters={"label": OWNER_LABEL})
    about = [one.attrs for one in running]
    used = {one["Id"]: container_usage(one["State"]["Pid"], one["Id"]) for one in about}
    return {name: told.cpu_seconds or 0.0 for name, told in used.items() if told is not None}


def python_models(work: Path, count: int) -> Workload:
    """Variants of the convolutions in torch that the pack `digits` ships, on its hidden images."""
    artifact = PACK / "baselines" / "conv-python" / "artifact"
    workload = digits(work, 1)
    models = []
    for number in range(count):
        target = work / "python" / str(number)
        shutil.copytree(artifact, target)
        with (target / "model.py").open("a") as code:
            code.write(f"# {number}\n")
        models.append(target)
    images = np.load(workload.data / "hidden" / "test_inputs.npy")
    return replace(workload, models=models, run_bare=lambda model: _run_bare(model, images))


def _run_bare(model: Path, images: NDArray[np.float32]) -> None:
    torch.set_num_threads(1)
    runpy.run_path(str(model / "model.py"))["load"](model, "cpu").predict(images)


def idle_containers_per_minute(count: int) -> float:
    """Start `count` containers that import what models need, and destroy each once it has."""
    with (
        closing(docker.DockerClient.from_env()) as client,
        ThreadPoolExecutor(AT_ONCE) as starters,
    ):
        started = time.perf_counter()
        for _ in starters.map(lambda _: _turn_over(client), range(count)):
            pass
        return 60 * count / (time.perf_counter() - started)


def _turn_over(client: docker.DockerClient) -> None:
    limits = Limits()
    container = client.containers.create(
        harness_image(),
        entrypoint=["python", "-m"],
        command=[HARNESS_MODULE, *harness_arguments("python", limits), "--warm"],
        network_disabled=True,
        stdin_open=True,
        read_only=True,
        tmpfs={"/tmp": ""},
        mem_limit=limits.memory_bytes,
        nano_cpus=int(limits.cpus * 1e9),
    )
    try:
        words: Iterator[bytes] = container.attach(stdout=True, stderr=False, stream=True)
        container.start()
        if not next(words, b""):
            raise RuntimeError("The harness ended before it was ready.")
    finally:
        container.remove(force=True)
