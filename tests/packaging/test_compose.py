"""The compose file: valid for old and new Compose, and what it keeps apart."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.missing import missing

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = {"web", "dispatcher", "platform", "migrate"}
WORKERS = {"score", "predict", "predict-gpu"}


@pytest.fixture(scope="module")
def secrets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What scripts/make-env writes, made in a copy so that no .env of the developer is touched."""
    copy = tmp_path_factory.mktemp("checkout")
    (copy / "scripts").mkdir()
    shutil.copy(ROOT / ".env.example", copy)
    shutil.copy(ROOT / "scripts" / "make-env", copy / "scripts")
    subprocess.run([copy / "scripts" / "make-env"], check=True, capture_output=True)
    return copy / ".env"


def compose_command() -> list[str]:
    for command in (["docker-compose"], ["docker", "compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], capture_output=True, check=False)
            if version.returncode == 0:
                return command
    return missing("Docker Compose", "apt-get install docker-compose or scripts/install-test-tools")


@pytest.fixture(scope="module")
def configuration(secrets_file: Path) -> dict[str, Any]:
    """The file as Compose understands it, with every profile."""
    done = subprocess.run(
        [*compose_command(), "--env-file", secrets_file, "--profile", "gpu", "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = yaml.safe_load(done.stdout)
    return parsed


def networks(service: dict[str, Any]) -> set[str]:
    return set(service.get("networks") or {})


def test_secrets_are_fresh_and_closed(secrets_file: Path) -> None:
    lines = dict(
        line.split("=", 1) for line in secrets_file.read_text().splitlines() if line[:1].isalpha()
    )
    secrets = [value for name, value in lines.items() if "PASSWORD" in name or "KEY" in name]
    assert len(secrets) == 10
    assert len(set(secrets)) == 10
    assert all(len(secret) == 64 for secret in secrets)
    assert secrets_file.stat().st_mode & 0o777 == 0o600
    again = subprocess.run([secrets_file.parent / "scripts" / "make-env"], capture_output=True)
    assert again.returncode == 1


def test_it_refuses_to_start_without_secrets(tmp_path: Path, configuration: object) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    done = subprocess.run(
        [*compose_command(), "--env-file", empty, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "scripts/make-env" in done.stderr


def test_a_predict_worker_reaches_neither_database_nor_outside(
    configuration: dict[str, Any],
) -> None:
    services = configuration["services"]
    for name in ("predict", "predict-gpu"):
        assert networks(services[name]) == {"predict"}
    assert configuration["networks"]["predict"]["internal"] is True
    beside = {name for name, service in services.items() if "predict" in networks(service)}
    assert beside == {"predict", "predict-gpu", "redis", "web"}
    assert networks(services["postgres"]) == {"data"}
    assert configuration["networks"]["data"]["internal"] is True


def test_each_worker_holds_the_secrets_of_its_role_only(
    configuration: dict[str, Any], secrets_file: Path
) -> None:
    values = dict(
        line.split("=", 1) for line in secrets_file.read_text().splitlines() if line[:1].isalpha()
    )
    own = {
        "score": {"WORKER_KEY_SCORE", "REDIS_PASSWORD_SCORE"},
        "predict": {"WORKER_KEY_PREDICT_CPU", "REDIS_PASSWORD_PREDICT_CPU"},
        "predict-gpu": {"WORKER_KEY_PREDICT_GPU", "REDIS_PASSWORD_PREDICT_GPU"},
    }
    for name, expected in own.items():
        text = "\n".join(map(str, configuration["services"][name]["environment"].values()))
        held = {key for key, value in values.items() if len(value) == 64 and value in text}
        assert held == expected, name


def test_only_predict_workers_hold_the_docker_socket(configuration: dict[str, Any]) -> None:
    holders = {
        name
        for name, service in configuration["services"].items()
        if "docker.sock" in str(service.get("volumes", ""))
    }
    assert holders == {"predict", "predict-gpu"}


def test_scratch_has_the_same_path_on_both_sides(configuration: dict[str, Any]) -> None:
    for name in ("predict", "predict-gpu"):
        service = configuration["services"][name]
        scratch = service["environment"]["MINIGIANTS_WORKER_SCRATCH"]
        mounts = []
        for volume in service["volumes"]:
            if isinstance(volume, dict):
                mounts.append((volume["source"], volume["target"]))
            else:
                mounts.append(tuple(volume.split(":")[:2]))
        same = [source for source, target in mounts if source == target]
        assert any(Path(scratch).is_relative_to(path) for path in same if "docker" not in path)


def test_our_own_processes_run_without_privileges(configuration: dict[str, Any]) -> None:
    for name in PLATFORM | WORKERS:
        service = configuration["services"][name]
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_the_gpu_worker_is_behind_its_profile(configuration: dict[str, Any]) -> None:
    behind = {
        name: service["profiles"]
        for name, service in configuration["services"].items()
        if service.get("profiles")
    }
    assert behind == {"predict-gpu": ["gpu"]}
