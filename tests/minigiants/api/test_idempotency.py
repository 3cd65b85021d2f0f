"""A POST that is sent twice with one key is done once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.api.idempotency import MARK, RUNS_AT_MOST, idempotency_sweep
from minigiants.api.models import IdempotencyRecord
from minigiants.api.routes import api
from minigiants.artifacts.models import UploadSession
from minigiants.competitions.models import Competition
from minigiants.submissions.models import Submission
from minigiants.teams.models import Team
from tests.support.asgi_server import AsgiServer
from tests.support.factories import ArtifactFactory, TeamFactory
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_do_the_work_once(
    asgi_server: AsgiServer, team: Team, competition: Competition, member: User, bearer: Any
) -> None:
    body = {"competition": competition.slug, "files": [{"path": "model.onnx", "size": 4}]}
    headers = {**bearer(member), "Idempotency-Key": "k1"}

    def announce(_: int) -> httpx.Response:
        return httpx.post(
            f"{asgi_server.url}/api/v1/uploads", json=body, headers=headers, timeout=30
        )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(announce, range(12)))
    assert UploadSession.objects.count() == 1
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert others <= {"idempotency_in_flight"}


def _announce(client: Client, competition: Competition, key: str, size: int = 4) -> Any:
    return client.post(
        "/api/v1/uploads",
        {"competition": competition.slug, "files": [{"path": "model.onnx", "size": size}]},
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )


def test_the_same_request_gets_the_same_answer(
    member_client: Client, competition: Competition
) -> None:
    first = _announce(member_client, competition, "k1")
    second = _announce(member_client, competition, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert UploadSession.objects.count() == 1


def test_without_a_key_each_request_counts(member_client: Client, competition: Competition) -> None:
    body = {"competition": competition.slug, "files": [{"path": "model.onnx", "size": 4}]}
    for _ in range(2):
        member_client.post("/api/v1/uploads", body, content_type="application/json")
    assert UploadSession.objects.count() == 2


def test_another_body_under_the_same_key_is_refused(
    member_client: Client, competition: Competition
) -> None:
    _announce(member_client, competition, "k1")
    response = _announce(member_client, competition, "k1", size=5)
    assert (response.status_code, code_of(response)) == (422, "idempotency_key_reused")
    assert UploadSession.objects.count() == 1


def test_another_operation_under_the_same_key_is_refused(
    member_client: Client, competition: Competition
) -> None:
    _announce(member_client, competition, "k1")
    response = member_client.post(
        f"/api/v1/competitions/{competition.slug}/rules", headers={"Idempotency-Key": "k1"}
    )
    assert code_of(response) == "idempotency_key_reused"


def test_keys_of_different_people_do_not_meet(
    member_client: Client, competition: Competition, bearer: Any
) -> None:
    other_team = TeamFactory(competition=competition)
    other = Client(headers=bearer(User.objects.get(memberships__team=other_team)))
    assert _announce(member_client, competition, "k1").status_code == 201
    response = _announce(other, competition, "k1")
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response


def test_while_the_first_runs_the_second_is_told_to_wait(
    member_client: Client, competition: Competition
) -> None:
    _announce(member_client, competition, "k1")
    now = timezone.now()
    IdempotencyRecord.objects.update(status=0, body="", locked_until=now + RUNS_AT_MOST)
    response = _announce(member_client, competition, "k1")
    assert (response.status_code, code_of(response)) == (409, "idempotency_in_flight")
    assert response["Retry-After"] == "1"
    # its process was killed: after a while the lock is taken over
    IdempotencyRecord.objects.update(locked_until=now - timedelta(seconds=1))
    assert _announce(member_client, competition, "k1").status_code == 201


def test_an_error_keeps_nothing_so_the_key_may_try_again(
    member_client: Client, team: Team, competition: Competition
) -> None:
    artifact = ArtifactFactory(team=team)

    def hand_in() -> Any:
        return member_client.post(
            f"/api/v1/competitions/{competition.slug}/submissions",
            {"artifact": str(artifact.pk)},
            content_type="application/json",
            headers={"Idempotency-Key": "k1"},
        )

    version = competition.current_version
    Competition.objects.update(current_version=None)
    assert code_of(hand_in()) == "not_found"
    assert not IdempotencyRecord.objects.exists()
    Competition.objects.update(current_version=version)
    assert hand_in().status_code == 201
    assert hand_in()["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1


def test_a_key_expires(member_client: Client, competition: Competition) -> None:
    _announce(member_client, competition, "k1")
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    response = _announce(member_client, competition, "k1", size=5)
    assert response.status_code == 201
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b"])
def test_what_can_be_no_key(member_client: Client, competition: Competition, key: str) -> None:
    response = _announce(member_client, competition, key)
    assert (response.status_code, code_of(response)) == (422, "idempotency_key_invalid")


def test_what_is_over_is_swept(member_client: Client, competition: Competition) -> None:
    _announce(member_client, competition, "old")
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    _announce(member_client, competition, "new")
    assert idempotency_sweep() == 1
    assert IdempotencyRecord.objects.get().key == "new"


def test_every_post_of_people_honours_a_key() -> None:
    posts = [
        (path, operation)
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        if "POST" in operation.methods and "workers" not in (operation.tags or router.tags or ())
    ]
    assert len(posts) > 5
    assert [path for path, operation in posts if not hasattr(operation.view_func, MARK)] == []
