"""The images that users build, built here from the same Dockerfiles on a base that is at hand."""

import subprocess
from pathlib import Path

import pytest

from tests.support.images import build_image

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.docker]


def in_image(image: str, *command: str, engine: str) -> str:
    done = subprocess.run(
        [
            "docker",
            "-H",
            engine,
            "run",
            "--rm",
            "--network",
            "none",
            "--read-only",
            image,
            *command,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def web_image(docker_engine: str, base_image: str) -> str:
    return build_image(docker_engine, "docker/web.Dockerfile", "minigiants-web:test", base_image)


@pytest.fixture(scope="module")
def worker_image(docker_engine: str, base_image: str) -> str:
    return build_image(
        docker_engine, "docker/worker.Dockerfile", "minigiants-worker:test", base_image
    )


def test_the_web_image_holds_what_it_serves(web_image: str, docker_engine: str) -> None:
    said = in_image(web_image, "python", "-c", WEB_CHECK, engine=docker_engine)
    assert said.split() == ["10001", "False", "True"]


WEB_CHECK = """
import os
from pathlib import Path
os.environ.update(MINIGIANTS_SECRET_KEY="x", MINIGIANTS_DATABASE_URL="postgresql:///x",
                  MINIGIANTS_BROKER_URL="redis://x/0")
import minigiants.config.asgi
import importlib.util
print(os.getuid(), importlib.util.find_spec("sklearn") is not None,
      any(Path(os.environ["MINIGIANTS_STATIC"]).rglob("tokens.*.css.gz")))
"""


def test_the_worker_image_holds_no_platform(worker_image: str, docker_engine: str) -> None:
    check = (
        "import os, importlib.util as u; import evaluator.worker.config, evaluator.scoring; "
        "print(os.getuid(), [u.find_spec(n) for n in ('django', 'minigiants', 'psycopg', 'torch')])"
    )
    said = in_image(worker_image, "python", "-c", check, engine=docker_engine)
    assert said.strip() == "10001 [None, None, None, None]"


def test_a_worker_without_configuration_says_what_is_missing(
    worker_image: str, docker_engine: str
) -> None:
    done = subprocess.run(
        ["docker", "-H", docker_engine, "run", "--rm", "--network", "none", worker_image],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "MINIGIANTS_WORKER_ROLE" in done.stdout + done.stderr


def test_redis_users_are_written_by_the_web_image(web_image: str, docker_engine: str) -> None:
    names = ("PLATFORM", "SCORE", "PREDICT_CPU", "PREDICT_GPU")
    given = [word for name in names for word in ("-e", f"REDIS_PASSWORD_{name}=of-{name}")]
    done = subprocess.run(
        [
            "docker", "-H", docker_engine, "run", "--rm", "--network", "none", *given, web_image,
            "python", "docker/redis-users", "/dev/stdout",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "user default off"
    assert [line.split()[1] for line in lines[1:]] == [
        "platform", "score", "predict-cpu", "predict-gpu"
    ]  # fmt: skip
    assert "of-SCORE" not in done.stdout
