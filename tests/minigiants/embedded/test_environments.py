"""Which child gets to know which secret."""

from dataclasses import asdict
from pathlib import Path

import pytest

from evaluator.contract import Role
from minigiants.embedded.credentials import Credentials, load_or_create
from minigiants.embedded.environments import (
    Addresses,
    collecting_environment,
    platform_environment,
    worker_environment,
)
from minigiants.embedded.home import Home

ADDRESSES = Addresses(
    web="http://127.0.0.1:8000",
    database="postgresql://minigiants:database-password@/minigiants?host=/s",
    broker_platform="redis://platform:platform-password@127.0.0.1:1/0",
    broker_predict="redis://predict:predict-password@127.0.0.1:1/0",
    broker_score="redis://score:score-password@127.0.0.1:1/0",
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return load_or_create(tmp_path / "secrets.json")


def secrets_in(environment: dict[str, str], credentials: Credentials) -> set[str]:
    """The names of all secrets that an environment gives away, passwords in URLs included."""
    named = {**asdict(credentials), **{f"url_{k}": v for k, v in asdict(ADDRESSES).items()}}
    named.pop("url_web")
    text = "\n".join(environment.values())
    return {name for name, value in named.items() if value in text}


def test_a_predict_worker_knows_its_own_credentials_only(
    home: Home, credentials: Credentials
) -> None:
    environment = worker_environment(Role.PREDICT, home, credentials, ADDRESSES)
    assert secrets_in(environment, credentials) == {"worker_key_predict", "url_broker_predict"}


def test_a_score_worker_knows_its_own_credentials_only(
    home: Home, credentials: Credentials
) -> None:
    environment = worker_environment(Role.SCORE, home, credentials, ADDRESSES)
    assert secrets_in(environment, credentials) == {"worker_key_score", "url_broker_score"}


def test_the_platform_knows_no_password_of_a_superuser(
    home: Home, credentials: Credentials
) -> None:
    environment = platform_environment(home, credentials, ADDRESSES)
    assert secrets_in(environment, credentials) == {
        "secret_key",
        "url_database",
        "url_broker_platform",
    }


def test_what_collects_files_knows_no_secret(home: Home, credentials: Credentials) -> None:
    assert secrets_in(collecting_environment(home), credentials) == set()


def test_nothing_of_the_callers_environment_slips_through(
    home: Home, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the caller")
    monkeypatch.setenv("MINIGIANTS_SECRET_KEY", "of another installation")
    monkeypatch.setenv("MINIGIANTS_DATABASE_URL", "of another installation")
    for environment in (
        worker_environment(Role.PREDICT, home, credentials, ADDRESSES),
        worker_environment(Role.SCORE, home, credentials, ADDRESSES),
        platform_environment(home, credentials, ADDRESSES),
    ):
        assert not {"of the caller", "of another installation"} & set(environment.values())


def test_only_workers_learn_of_docker(
    home: Home, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    predict = worker_environment(Role.PREDICT, home, credentials, ADDRESSES)
    score = worker_environment(Role.SCORE, home, credentials, ADDRESSES)
    platform = platform_environment(home, credentials, ADDRESSES)
    assert predict["DOCKER_HOST"] == score["DOCKER_HOST"] == "unix:///x"
    assert "DOCKER_HOST" not in platform
