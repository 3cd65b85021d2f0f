"""Who may do what: every operation of the API against every kind of caller."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import ApiToken, User
from minigiants.accounts.services import token_create, token_revoke
from minigiants.api.openapi import PART_PATH
from minigiants.api.routes import api
from minigiants.artifacts.services import AnnouncedFile, upload_create
from minigiants.submissions.models import Evaluation
from minigiants.teams.models import Team
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
)

pytestmark = pytest.mark.django_db

PERSONAS = ("anonymous", "other", "member", "colleague", "read", "submit", "expired", "revoked")
BAD_TOKENS = {"expired": 401, "revoked": 401}


def _public(status: int) -> dict[str, int]:
    return {**dict.fromkeys(PERSONAS, status), **BAD_TOKENS}


def _needs(scope: str, *, allowed: int, other: int) -> dict[str, int]:
    """For people with a session or a token with `scope`; `other` is who is not of the team."""
    lacking = "submit" if scope == "read" else "read"
    return {
        "anonymous": 401,
        "other": other,
        "member": allowed,
        "colleague": allowed,
        scope: allowed,
        lacking: 403,
        **BAD_TOKENS,
    }


ANY_PERSON = {**dict.fromkeys(PERSONAS, 200), "anonymous": 401, **BAD_TOKENS}
WORKERS_ONLY = dict.fromkeys(PERSONAS, 401)


@dataclass(frozen=True)
class Operation:
    """An operation, a request that suits it, and the status that each persona gets."""

    expected: Mapping[str, int]
    body: Callable[["World"], Any] = field(default=lambda world: None)


@dataclass(frozen=True)
class World:
    """What the requests speak of."""

    slug: str
    artifact: UUID
    fresh_artifact: UUID
    submission: UUID
    evaluation: UUID
    upload: UUID
    headers: Mapping[str, Mapping[str, str]]
    sessions: Mapping[str, User]

    def path(self, template: str) -> str:
        """The address, with something that exists in each place."""
        values: dict[str, Any] = {
            "slug": self.slug,
            "path": "train.csv",
            "artifact_id": self.artifact,
            "submission_id": self.submission,
            "upload_id": self.upload,
            "position": 0,
            "number": 0,
            "evaluation_id": self.evaluation,
            "token": "not-a-signed-token",
        }
        return template.format(**values)


def _announcement(world: World) -> Any:
    return {"competition": world.slug, "files": [{"path": "model.onnx", "size": 4}]}


V1 = "/api/v1"
MATRIX: dict[tuple[str, str], Operation] = {
    ("GET", f"{V1}/me"): Operation(ANY_PERSON),
    ("GET", f"{V1}/competitions"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/limits"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/data"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/data/{{path}}"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard"): Operation(_public(200)),
    ("POST", f"{V1}/competitions/{{slug}}/rules"): Operation(
        _needs("submit", allowed=200, other=200)
    ),
    ("GET", f"{V1}/competitions/{{slug}}/quota"): Operation(_needs("read", allowed=200, other=200)),
    ("POST", f"{V1}/uploads"): Operation(
        # who has not accepted the rules may not upload
        _needs("submit", allowed=201, other=403),
        _announcement,
    ),
    ("GET", f"{V1}/uploads/{{upload_id}}"): Operation(_needs("submit", allowed=200, other=404)),
    ("DELETE", f"{V1}/uploads/{{upload_id}}"): Operation(_needs("submit", allowed=204, other=404)),
    ("POST", f"{V1}/uploads/{{upload_id}}/complete"): Operation(
        # 409: its parts are missing, which only who may complete it is told
        _needs("submit", allowed=409, other=404)
    ),
    ("PUT", f"{V1}/{PART_PATH}"): Operation(WORKERS_ONLY),
    ("GET", f"{V1}/artifacts/{{artifact_id}}"): Operation(_needs("read", allowed=200, other=404)),
    ("POST", f"{V1}/competitions/{{slug}}/submissions"): Operation(
        _needs("submit", allowed=201, other=404),
        lambda world: {"artifact": str(world.fresh_artifact)},
    ),
    ("GET", f"{V1}/competitions/{{slug}}/submissions"): Operation(
        _needs("read", allowed=200, other=200)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}"): Operation(
        _needs("read", allowed=200, other=404)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}/events"): Operation(
        _needs("read", allowed=200, other=404)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}/log"): Operation(
        _needs("read", allowed=200, other=404)
    ),
    ("POST", f"{V1}/submissions/{{submission_id}}/cancel"): Operation(
        _needs("submit", allowed=200, other=404)
    ),
    ("POST", f"{V1}/worker/presence"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/claim"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/heartbeat"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/report"): Operation(WORKERS_ONLY),
    ("PUT", f"{V1}/worker/evaluations/{{evaluation_id}}/blob"): Operation(
        # a bearer token that is no report token is told that the attempt is over
        {
            **dict.fromkeys(PERSONAS, 401),
            **dict.fromkeys(("read", "submit", "expired", "revoked"), 410),
        }
    ),
    ("GET", f"{V1}/worker/blobs/{{token}}"): Operation(dict.fromkeys(PERSONAS, 404)),
}


def _documented() -> set[tuple[str, str]]:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def _token(user: User, *scopes: str) -> tuple[ApiToken, dict[str, str]]:
    token, secret = token_create(user=user, name="t", scopes=scopes, days=1)
    return token, {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def world(team: Team, member: User) -> World:
    """A team with a submission under way, an upload begun, and a model to hand in."""
    other, colleague = UserFactory(), UserFactory()
    TeamFactory(user=other)  # in another competition
    member_add(team, colleague)
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    Evaluation.objects.update(smoke_log="hello")
    upload = upload_create(
        user=member, competition=team.competition, files=[AnnouncedFile("model.onnx", 4)]
    )
    expired, expired_header = _token(member, "read", "submit")
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked, revoked_header = _token(member, "read", "submit")
    token_revoke(user=member, token_id=revoked.pk)
    return World(
        slug=team.competition.slug,
        artifact=submission.artifact_id,
        fresh_artifact=ArtifactFactory(team=team).pk,
        submission=submission.pk,
        evaluation=submission.evaluations.get().pk,
        upload=upload.pk,
        headers={
            "read": _token(member, "read")[1],
            "submit": _token(member, "submit")[1],
            "expired": expired_header,
            "revoked": revoked_header,
        },
        sessions={"other": other, "member": member, "colleague": colleague},
    )


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _ask(world: World, persona: str, method: str, path: str, body: Any) -> int:
    client = Client()
    if persona in world.sessions:
        client.force_login(world.sessions[persona])
    response = client.generic(
        method,
        path,
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers=dict(world.headers.get(persona, {})),
    )
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        assert set(response.json()) >= {"type", "title", "status", "code", "detail", "mend"}
        assert ("WWW-Authenticate" in response) >= (response.status_code == 401)
    return response.status_code


def test_no_operation_is_missing_from_the_matrix() -> None:
    assert set(MATRIX) == _documented()


@pytest.mark.parametrize(
    ("method", "path"),
    [key for key in MATRIX if not key[1].endswith(PART_PATH)],
    ids=lambda value: value.removeprefix(V1),
)
def test_each_persona_gets_what_the_matrix_says(method: str, path: str, world: World) -> None:
    operation = MATRIX[method, path]
    found = {}
    for persona in PERSONAS:
        with _undone():
            found[persona] = _ask(world, persona, method, world.path(path), operation.body(world))
    assert found == dict(operation.expected)


def test_parts_are_opened_by_the_upload_s_own_token_alone(world: World) -> None:
    from minigiants.config.asgi import application

    @async_to_sync
    async def put(headers: Mapping[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=cast(Any, application))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.put(
                world.path(f"{V1}/{PART_PATH}"),
                content=b"abcd",
                headers={**headers, "X-Part-SHA256": "0" * 64},
            )

    for persona in PERSONAS:
        headers = dict(world.headers.get(persona, {}))
        if persona in world.sessions:
            client = Client()
            client.force_login(world.sessions[persona])
            headers["Cookie"] = f"sessionid={client.cookies['sessionid'].value}"
        response = put(headers)
        assert response.status_code == MATRIX["PUT", f"{V1}/{PART_PATH}"].expected[persona]
        assert response.headers["Content-Type"] == "application/problem+json"
