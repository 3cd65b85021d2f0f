"""Whoever holds all that a running predict worker was started with, and what that opens.

Each attack is made with every word of the real environment of an embedded server's worker; its
control with what the score worker, or the platform, holds. (Each route by itself is attacked in
test_stolen_predict_worker.py, each command of Redis in tests/evaluator/test_broker.py.)
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo
from redis.exceptions import NoPermissionError

from evaluator.contract import (
    ClaimRequest,
    Failure,
    PredictJob,
    PredictReport,
    ScoreJob,
    ScoreReport,
    Split,
)
from evaluator.worker.platform_client import PlatformClient, Refused, Superseded
from minigiants.embedded.postgres import SUPERUSER
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.signing import BlobGrant, grant_sign
from tests.support.arena import HONEST, Arena
from tests.support.embedded_server import EmbeddedServer, environment_of

pytestmark = [pytest.mark.server, pytest.mark.docker]

Environment = dict[str, str]


def environment(pid: int) -> Environment:
    """What a process was started with."""
    return dict(entry.split("=", 1) for entry in environment_of(pid).split("\0") if entry)


def words(environment: Environment) -> set[str]:
    """All that may serve as a secret: each value, and the passwords in addresses."""
    values = set(environment.values())
    return values | {password for value in values if (password := urlsplit(value).password)}


@pytest.fixture
def stolen(server_with_docker: EmbeddedServer) -> Environment:
    """The environment of the predict worker."""
    return environment(server_with_docker.worker("predict"))


@pytest.fixture
def scorer(server_with_docker: EmbeddedServer) -> Environment:
    """The environment of the score worker: the control."""
    return environment(server_with_docker.worker("score"))


@pytest.fixture
def platform(server_with_docker: EmbeddedServer) -> Environment:
    """The environment of the web application: the control."""
    (web,) = server_with_docker.children("uvicorn")
    return environment(web)


def broker_of(holder: Environment) -> "redis.Redis":
    return redis.Redis.from_url(holder["MINIGIANTS_BROKER_URL"])


def test_the_score_queue(stolen: Environment, scorer: Environment) -> None:
    with broker_of(stolen) as client:
        with pytest.raises(NoPermissionError):
            client.brpop("score", 1)
        with pytest.raises(NoPermissionError):
            client.rpop("score")
        with pytest.raises(NoPermissionError):
            client.lpush("score", "{}")
        # Its own queue it may read: it was the right Redis.
        assert client.llen(f"predict.{stolen['MINIGIANTS_WORKER_PROFILE']}") >= 0
    # The control, in one transaction, so that the real worker does not see the message.
    with broker_of(scorer) as client, client.pipeline(transaction=True) as together:
        together.lpush("score", "{}")
        together.brpop("score", 1)
        assert together.execute() == [1, (b"score", b"{}")]


def test_the_database(stolen: Environment, platform: Environment) -> None:
    address = platform["MINIGIANTS_DATABASE_URL"]
    for user in (urlsplit(address).username, SUPERUSER):
        for word in words(stolen):
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(make_conninfo(address, user=user, password=word))
    # The control: with the platform's own password.
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT count(*) FROM submissions_evaluation").fetchone()
        assert found is not None


@contextmanager
def halted(*workers: int) -> Iterator[None]:
    """The workers as they are, doing nothing: all that waits for them is the thief's to take."""
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def client_of(holder: Environment) -> PlatformClient:
    return PlatformClient(holder["MINIGIANTS_PLATFORM_URL"], holder["MINIGIANTS_WORKER_KEY"])


def failed(job: PredictJob, token: str) -> PredictReport:
    return PredictReport(attempt=job.attempt, report_token=token, failure=Failure.CRASHED)


def test_labels_and_scores_and_the_reports_of_others(
    arena: Arena,
    stolen: Environment,
    scorer: Environment,
    platform: Environment,
    tmp_path: Path,
    settings: Any,
) -> None:
    server = arena.server
    first = ClaimRequest(attempt=1, worker="thief", claim=uuid4())
    with (
        halted(server.worker("predict"), server.worker("score")),
        client_of(stolen) as thief,
        client_of(scorer) as control,
    ):
        one, other = (
            UUID(arena.hosted(arena.hand_in(f"{HONEST}\n# {name}\n", tmp_path / name))["id"])
            for name in ("stolen", "another")
        )
        own, victim = thief.claim(PredictJob, one, first), thief.claim(PredictJob, other, first)

        # It reports for another evaluation than the one that it took.
        with pytest.raises(Superseded):
            thief.report(victim.report_url, failed(victim, own.report_token))
        thief.report(victim.report_url, failed(victim, victim.report_token))

        # It claims the scoring of what it predicted itself.
        predictions = tmp_path / "predictions.npy"
        predictions.write_bytes(b"predictions")
        stored = thief.upload(own.upload_url, own.report_token, predictions)
        told = PredictReport(attempt=1, report_token=own.report_token, predictions=stored)
        thief.report(own.report_url, told)
        with pytest.raises(Superseded):
            thief.claim(ScoreJob, one, first)
        scoring = control.claim(ScoreJob, one, first)

        # It signs an address of the labels, with whatever it holds.
        grant = BlobGrant(one, Status.SCORING, 1, scoring.labels.digest)
        blobs = f"{server.address}/api/v1/worker/blobs/"
        settings.SECRET_KEY_FALLBACKS = []
        for word in words(stolen):
            settings.SECRET_KEY = word
            assert httpx.get(blobs + grant_sign(grant)).status_code == 404
        settings.SECRET_KEY = platform["MINIGIANTS_SECRET_KEY"]
        assert httpx.get(blobs + grant_sign(grant)).status_code == 200
        assert b"r0,0" in b"".join(control.download(scoring.labels))

        # It reports a score, even with the token of that attempt.
        (metric,) = scoring.metrics
        values = [{"metric": metric.name, "split": split, "value": 1.0} for split in Split]
        report = ScoreReport.model_validate(
            {"attempt": 1, "report_token": scoring.report_token, "values": values}
        )
        with pytest.raises(Refused):
            thief.report(scoring.report_url, report)
        control.report(scoring.report_url, report)
    arena.serves_honest_models(tmp_path / "honest after theft")
