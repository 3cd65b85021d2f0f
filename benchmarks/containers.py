"""Models of format `python` in Docker, and how fast the machine turns idle containers over."""

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

from benchmarks.onnx_models import digits
from benchmarks.packs import PACK
from benchmarks.workload import Workload
from evaluator.contract import Limits
from evaluator.sandbox.choice import DEFAULT_HARNESS_IMAGE
from evaluator.sandbox.environment import HARNESS_MODULE, harness_arguments

AT_ONCE = 2
"""Containers that start side by side: the cores of the machine that the figures are quoted for."""


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


def python_models(work: Path, count: int) -> Workload:
    """Variants of the convolutions in torch that the pack `digits` ships."""
    artifact = PACK / "baselines" / "conv-python" / "artifact"
    workload = digits(work, 1)
    models = []
    for number in range(count):
        target = work / "python" / str(number)
        shutil.copytree(artifact, target)
        with (target / "model.py").open("a") as code:
            code.write(f"# {number}\n")
        models.append(target)
    return replace(workload, models=models)


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
