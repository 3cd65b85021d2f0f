"""Builds images from the repository's own Dockerfiles, on whatever base and network are at hand."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.docker_engine import one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_TOLD_LINES = 25


def build_image(engine: str, dockerfile: str, name: str, base: str) -> str:
    """Build `dockerfile` with the repository as context and return `name`.

    The base gets this machine's certificates, so that a build behind a proxy reaches the index.
    """
    with one_at_a_time(name.partition(":")[0]):
        trusting = _trusting(engine, base)
        options = ["--file", dockerfile, "--tag", name, "--network", "host"]
        options += ["--build-arg", f"BASE_IMAGE={trusting}"]
        if trusting != base:
            options += ["--build-arg", f"PIP_CERT={BUNDLE}"]
        if index := os.environ.get("PIP_INDEX_URL"):
            options += ["--build-arg", f"PIP_INDEX_URL={index}"]
        _build(engine, [*options, "."], cwd=ROOT)
    return name


def _trusting(engine: str, base: str) -> str:
    bundle = Path(os.environ.get("PIP_CERT") or BUNDLE)
    if not bundle.exists():
        return base
    name = "minigiants-base-trusting:test"
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copyfile(bundle, context / "bundle.crt")
        (context / "Dockerfile").write_text(f"FROM {base}\nCOPY bundle.crt {BUNDLE}\n")
        _build(engine, ["--tag", name, "."], cwd=context)
    return name


def _build(engine: str, options: list[str], *, cwd: Path) -> None:
    done = subprocess.run(
        ["docker", "-H", engine, "build", *options],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-_TOLD_LINES:])
        raise AssertionError(f"docker build {' '.join(options)} fails:\n{last}")
