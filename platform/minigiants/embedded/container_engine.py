"""Why submitted Python models can't run here, and what to do about it."""

import os
from contextlib import closing

import docker
from docker.errors import DockerException, ImageNotFound

HARNESS_IMAGE = "minigiants-harness:local"


def advice() -> str:
    """One line for a server without a container sandbox: how to get one for `python` models."""
    image = os.environ.get("MINIGIANTS_HARNESS_IMAGE") or HARNESS_IMAGE
    try:
        with closing(docker.DockerClient.from_env(timeout=5)) as engine:
            engine.images.get(image)
    except ImageNotFound:
        return (
            "Docker is here, but not the image in which models run. To take `python` submissions: "
            "make harness-image, then start again."
        )
    except DockerException:
        return (
            "No Docker engine answers: `python` submissions are refused (needs_container), other "
            "formats run in the built-in sandbox."
        )
    return (
        "Docker and the image for models are here, but the worker does not use them; see its log."
    )
