"""The workers' own routes against each credential that a worker, or a thief, may hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from evaluator.contract import PredictJob, Role
from minigiants.api.routes import api
from minigiants.submissions import blobs
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, WorkerKey
from minigiants.submissions.signing import BlobGrant, grant_sign
from minigiants.submissions.workers import worker_key_register
from tests.support.asgi_server import AsgiServer
from tests.support.pipeline import PREDICT_SECRET, SCORE_SECRET, Pipeline, queued_submission
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db

WORKER = "/api/v1/worker"
GPU_SECRET = "g" * 32
REVOKED_SECRET = "r" * 32


@dataclass(frozen=True)
class World:
    """An evaluation that waits, one that a worker predicts, and one of another worker."""

    waiting: Evaluation
    running: PredictJob
    other: PredictJob

    @property
    def bearers(self) -> Mapping[str, str]:
        """What each credential sends as its bearer token."""
        return {
            "none": "",
            "predict": PREDICT_SECRET,
            "score": SCORE_SECRET,
            "gpu": GPU_SECRET,
            "revoked": REVOKED_SECRET,
            "own_token": self.running.report_token,
            "other_token": self.other.report_token,
        }


@pytest.fixture
def world() -> World:
    pipeline = Pipeline.start()
    worker_key_register(role=Role.PREDICT, profile="gpu", name="gpu", secret=GPU_SECRET)
    worker_key_register(role=Role.PREDICT, profile="cpu", name="old", secret=REVOKED_SECRET)
    WorkerKey.objects.filter(name="old").update(revoked_at=timezone.now())
    evaluations = [queued_submission().evaluations.get() for _ in range(3)]
    return World(
        waiting=evaluations[0],
        running=pipeline.claim_predict(evaluations[1]),
        other=pipeline.claim_predict(evaluations[2]),
    )


def _failure(world: World) -> dict[str, Any]:
    return {"attempt": 1, "report_token": world.running.report_token, "failure": "crashed"}


def _beat(world: World) -> dict[str, Any]:
    return {"attempt": 1, "report_token": world.running.report_token, "stage": "smoke"}


def _presence(world: World) -> dict[str, Any]:
    return {"worker": "w", "role": "predict", "profile": "cpu", "slots": 1}


NOBODY = {"none": 401, "revoked": 401, "own_token": 401, "other_token": 401}
TOKENS = {"none": 401, "predict": 410, "score": 410, "gpu": 410, "revoked": 410}

Body = Callable[[World], Any]
MATRIX: dict[tuple[str, str], tuple[Body, dict[str, int]]] = {
    ("POST", "/presence"): (_presence, {**NOBODY, "predict": 204, "score": 403, "gpu": 403}),
    ("POST", "/evaluations/{waiting}/claim"): (
        lambda world: {"attempt": 1, "worker": "w", "claim": str(uuid4())},
        {**NOBODY, "predict": 200, "score": 409, "gpu": 409},
    ),
    ("POST", "/evaluations/{running}/heartbeat"): (
        # the report token in the body is what opens it; a key of any role may carry it
        _beat,
        {**NOBODY, "predict": 200, "score": 200, "gpu": 200},
    ),
    ("POST", "/evaluations/{running}/report"): (
        _failure,
        {**NOBODY, "predict": 204, "score": 403, "gpu": 204},
    ),
    ("PUT", "/evaluations/{running}/blob"): (
        lambda world: b"predictions",
        {**TOKENS, "own_token": 200, "other_token": 410},
    ),
    ("GET", "/blobs/{signed}"): (
        # the address is the credential
        lambda world: None,
        dict.fromkeys(("none", "predict", "score", "gpu", "revoked"), 200)
        | {"own_token": 200, "other_token": 200},
    ),
}


def test_no_route_of_the_workers_is_missing() -> None:
    routes = {
        (method.upper(), path.removeprefix(WORKER))
        for path, methods in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items()
        if path.startswith(WORKER)
        for method in methods
    }
    names = {"{waiting}": "{evaluation_id}", "{running}": "{evaluation_id}", "{signed}": "{token}"}
    listed = set()
    for method, path in MATRIX:
        for name, documented in names.items():
            path = path.replace(name, documented)
        listed.add((method, path))
    assert listed == routes


@pytest.mark.parametrize(("method", "path"), list(MATRIX), ids=lambda value: value)
def test_each_credential_gets_what_the_matrix_says(method: str, path: str, world: World) -> None:
    body, expected = MATRIX[method, path]
    address = WORKER + path.format(
        waiting=world.waiting.pk,
        running=world.running.evaluation,
        signed=world.running.artifact[0].url.rsplit("/", 1)[1],
    )
    sent = body(world)
    found = {}
    for name, bearer in world.bearers.items():
        with transaction.atomic():
            answer = Client().generic(
                method,
                address,
                sent if isinstance(sent, bytes) else json.dumps(sent) if sent else b"",
                content_type=(
                    "application/octet-stream" if method == "PUT" else "application/json"
                ),
                headers={"Authorization": f"Bearer {bearer}"} if bearer else {},
            )
            transaction.set_rollback(True)
        found[name] = answer.status_code
        if answer.status_code == 401:
            assert answer["WWW-Authenticate"].startswith('Bearer realm="minigiants"')
            assert ("invalid_token" in answer["WWW-Authenticate"]) == bool(bearer)
    assert found == expected


def test_an_address_that_has_expired_or_outlived_its_attempt_opens_nothing(
    world: World, settings: Settings
) -> None:
    address = world.running.artifact[0].url
    assert Client().get(address).status_code == 200
    settings.SIGNED_URL_SECONDS = -1
    assert code_of(Client().get(address)) == "not_found"
    settings.SIGNED_URL_SECONDS = 60
    Evaluation.objects.filter(pk=world.running.evaluation).update(lease_expires_at=None)
    assert code_of(Client().get(address)) == "attempt_over"
    other_status = BlobGrant(world.other.evaluation, Status.SCORING, 1, "0" * 64)
    assert code_of(Client().get(f"{WORKER}/blobs/{grant_sign(other_status)}")) == "attempt_over"


def test_workers_have_limits_too(world: World, settings: Settings) -> None:
    settings.API_RATE_LIMITS = {**settings.API_RATE_LIMITS, "worker": (1, 60)}
    key = worker_key_register(role=Role.PREDICT, profile="cpu", name="busy", secret="b" * 32)
    statuses = [
        Client()
        .post(
            f"{WORKER}/presence",
            _presence(world),
            content_type="application/json",
            headers={"Authorization": f"Bearer {'b' * 32}"},
        )
        .status_code
        for _ in range(2)
    ]
    assert (key.name, statuses) == ("busy", [204, 429])


@pytest.mark.django_db(transaction=True)
class TestBodies:
    """Bodies that are larger than they may be, announced or not."""

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_message_that_is_too_large_is_not_kept(
        self, asgi_server: AsgiServer, chunked: bool
    ) -> None:
        pieces = [b" " * 1024**2] * 6
        answer = httpx.post(
            f"{asgi_server.url}{WORKER}/presence",
            content=iter(pieces) if chunked else b"".join(pieces),
            headers={"Content-Type": "application/json", "Authorization": "Bearer x"},
            timeout=30,
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")

    def test_a_result_is_as_large_as_its_attempt_may_make_it(
        self, asgi_server: AsgiServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = Pipeline.start().claim_predict(queued_submission().evaluations.get())
        address = f"{asgi_server.url}{WORKER}/evaluations/{job.evaluation}/blob"
        headers = {"Authorization": f"Bearer {job.report_token}"}

        def put(length: int, headers: Mapping[str, str]) -> httpx.Response:
            pieces = iter([b"x" * 1024] * (length // 1024))
            return httpx.put(address, content=pieces, headers=headers, timeout=30)

        large = 6 * 1024**2  # more than any other body may have
        assert put(large, headers).status_code == 200
        assert put(large, {"Authorization": "Bearer stranger"}).json()["code"] == "attempt_over"
        assert put(large, {}).json()["code"] == "not_authenticated"
        Evaluation.objects.update(lease_expires_at=timezone.now() + timedelta(minutes=1))
        monkeypatch.setattr(blobs, "PREDICTIONS_OVERHEAD", -(256 * 1024**2) + 1024)
        assert put(2048, headers).json()["code"] == "request_too_large"
