"""The image in which submitted models run, built by the script that operators use."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.docker_engine import one_at_a_time
from tests.support.missing import missing

ROOT = Path(__file__).resolve().parents[2]
# Of this checkout alone: another one may be testing on the same engine.
IMAGE = f"minigiants-harness:test-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
_TOLD_LINES = 15
_BUILDING_SECONDS = 1_200
_ASKING = {"harness_image", "held"}
"""Fixtures in which the image may be built. `held` asks for it only while it is set up."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Grant whichever test comes first the time to build the image: that is no test that hangs."""
    for item in items:
        if not _ASKING.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(_BUILDING_SECONDS))


@pytest.fixture(scope="session")
def harness_image(docker_engine: str, base_image: str) -> str:
    """The name of an image built from this checkout. The engine caches all but the last layers."""
    with one_at_a_time("harness-image"):
        built = subprocess.run(
            [sys.executable, str(ROOT / "docker/build-harness")],
            env={
                **os.environ,
                "DOCKER_HOST": docker_engine,
                "BASE_IMAGE": base_image,
                "DOCKER_BUILD_NETWORK": "host",
                "MINIGIANTS_HARNESS_IMAGE": IMAGE,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if built.returncode != 0:
        last = "\n".join(built.stdout.splitlines()[-_TOLD_LINES:])
        missing("The harness image", f"docker/build-harness fails:\n{last}")
    return IMAGE
