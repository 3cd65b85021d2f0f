"""Picks the sandbox that a worker uses, and says why when there is none."""

import logging
from pathlib import Path

from evaluator.sandbox.base import Sandbox, SandboxUnavailable
from evaluator.sandbox.metric_base import MetricSandbox
from evaluator.sandbox.supply import FORK_SERVERS

DEFAULT_HARNESS_IMAGE = "minigiants-harness:local"
KINDS = ("auto", "docker", "gvisor", "fallback")

logger = logging.getLogger(__name__)


def choose_sandbox(
    kind: str,
    *,
    scratch: Path,
    harness_image: str = DEFAULT_HARNESS_IMAGE,
    gpu: str | None = None,
    pool: int = 0,
    fork_servers: int = FORK_SERVERS,
) -> Sandbox:
    """The sandbox of `kind`, proven to work on this machine.

    `kind` is one of `KINDS`; `auto` takes Docker where an engine answers and has the harness
    image, else the fallback. The engine's address comes from DOCKER_HOST. `scratch` is a folder
    of the worker's own in which jobs are laid out; an engine must see it under the same path.
    `gpu` names the GPU devices for the model ("0", "GPU-…", "all"); only Docker offers them.
    `pool` is how many containers wait for models of the format `python`, `fork_servers` how many
    processes at most stay for those of other formats.

    Raises `SandboxUnavailable` with what an operator can do about it.
    """
    if kind not in KINDS:
        raise _unknown(kind)
    if kind == "fallback":
        return _fallback(scratch, gpu, fork_servers)

    def docker() -> Sandbox:
        from evaluator.sandbox.docker_sandbox import DockerSandbox

        return DockerSandbox(
            scratch=scratch,
            image=harness_image,
            runtime=_runtime(kind),
            gpu=gpu,
            pool=pool,
            fork_servers=fork_servers,
        )

    if kind != "auto":
        return docker()
    try:
        return docker()
    except SandboxUnavailable as no_docker:
        logger.info("No Docker sandbox: %s", no_docker)
        try:
            return _fallback(scratch, gpu, fork_servers)
        except SandboxUnavailable as no_fallback:
            raise SandboxUnavailable(
                f"No sandbox works on this machine. Docker: {no_docker} Fallback: {no_fallback}"
            ) from no_fallback


def choose_metric_sandbox(
    kind: str, *, scratch: Path, harness_image: str = DEFAULT_HARNESS_IMAGE
) -> MetricSandbox | None:
    """The sandbox for organizers' metrics, None where metrics can't run: they need a container.

    `kind` is one of `KINDS`; `auto` takes Docker where an engine answers and has the harness
    image. Raises `SandboxUnavailable` if an engine is asked for and can't be had.
    """
    if kind not in KINDS:
        raise _unknown(kind)
    if kind == "fallback":
        return None
    from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox

    try:
        return DockerMetricSandbox(scratch=scratch, image=harness_image, runtime=_runtime(kind))
    except SandboxUnavailable as no_docker:
        if kind != "auto":
            raise
        logger.info("No sandbox for metrics: %s", no_docker)
        return None


def _unknown(kind: str) -> SandboxUnavailable:
    return SandboxUnavailable(
        f"There is no sandbox of kind {kind!r}. Set MINIGIANTS_SANDBOX to one of "
        f"{', '.join(KINDS)}."
    )


def _runtime(kind: str) -> str:
    return "runsc" if kind == "gvisor" else "runc"


def _fallback(scratch: Path, gpu: str | None, fork_servers: int) -> Sandbox:
    from evaluator.sandbox.fallback_sandbox import FallbackSandbox

    if gpu is not None:
        raise SandboxUnavailable("The fallback sandbox offers no GPU. Run this worker with Docker.")
    return FallbackSandbox(scratch=scratch, fork_servers=fork_servers)
