"""Bad input for each field of an upload: refused by name, and nothing is left of it."""

from typing import Any

import pytest
from django.test import Client

from minigiants.artifacts.models import UploadPart, UploadSession
from minigiants.artifacts.services import AnnouncedFile, upload_create
from minigiants.competitions.models import Competition
from minigiants.teams.models import Team
from tests.support.factories import member_of

pytestmark = pytest.mark.django_db

FILE = {"path": "model.onnx", "size": 4, "digest": "a" * 64}


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def refused_field(response: Any) -> str:
    assert response.status_code == 422, response.content
    problem = response.json()
    assert problem["code"] == "invalid_input"
    assert problem["mend"]
    return str(problem["errors"][0]["field"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("path", value) for value in ("", "x" * 513, None, 7)),
        *(("size", value) for value in (-1, 2**46 + 1, "many", 1.5, None)),
        *(("digest", value) for value in ("", "A" * 64, "a" * 63, "g" * 64, 7)),
        ("unknown", 1),
    ],
)
def test_files_are_refused_by_field(
    member_client: Client, competition: Competition, name: str, value: Any
) -> None:
    body = {"competition": competition.slug, "files": [FILE, FILE | {name: value}]}
    assert refused_field(post(member_client, "/uploads", body)) == f"body.files.1.{name}"
    assert not UploadSession.objects.exists()


BAD_ANNOUNCEMENTS: dict[str, list[Any]] = {
    "competition": ["", "x" * 65, None, 7],
    "files": [[], None, {}, "model.onnx", [[]]],
    "unknown": [1],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in BAD_ANNOUNCEMENTS for value in BAD_ANNOUNCEMENTS[name]],
)
def test_uploads_are_refused_by_field(
    member_client: Client, competition: Competition, name: str, value: Any
) -> None:
    body = {"competition": competition.slug, "files": [FILE], name: value}
    assert refused_field(post(member_client, "/uploads", body)).startswith(f"body.{name}")
    assert not UploadSession.objects.exists()


def test_more_files_than_any_competition_takes(
    member_client: Client, competition: Competition
) -> None:
    files = [FILE | {"path": str(number)} for number in range(10_001)]
    body = {"competition": competition.slug, "files": files}
    assert refused_field(post(member_client, "/uploads", body)) == "body.files"


@pytest.fixture
def session(team: Team) -> UploadSession:
    return upload_create(
        user=member_of(team), competition=team.competition, files=[AnnouncedFile("model.onnx", 4)]
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.sha256"),
        ({"sha256": "A" * 64}, "body.sha256"),
        ({"sha256": "a" * 65}, "body.sha256"),
        ({"sha256": None}, "body.sha256"),
        ({"sha256": "a" * 64, "unknown": 1}, "body.unknown"),
    ],
)
def test_addresses_are_refused_by_field(
    member_client: Client, session: UploadSession, body: Any, field: str
) -> None:
    part = f"/uploads/{session.pk}/files/0/parts/0/address"
    assert refused_field(post(member_client, part, body)) == field
    assert not UploadPart.objects.exists()


@pytest.mark.parametrize(
    ("upload", "position", "number", "field"),
    [
        ("no-uuid", 0, 0, "path.upload_id"),
        (None, -1, 0, "path.position"),
        (None, 0, -1, "path.number"),
        (None, 10**6, 0, "path.position"),
        (None, 0, 10**6, "path.number"),
        (None, "first", 0, "path.position"),
    ],
)
def test_addresses_are_refused_by_place(
    member_client: Client,
    session: UploadSession,
    upload: Any,
    position: Any,
    number: Any,
    field: str,
) -> None:
    part = f"/uploads/{upload or session.pk}/files/{position}/parts/{number}/address"
    assert refused_field(post(member_client, part, {"sha256": "a" * 64})) == field


def test_an_address_is_where_the_part_goes(member_client: Client, session: UploadSession) -> None:
    part = f"/uploads/{session.pk}/files/0/parts/0"
    answer = post(member_client, f"{part}/address", {"sha256": "a" * 64}).json()
    assert answer["url"] == f"http://testserver/api/v1{part}"
    assert answer["headers"]["X-Part-SHA256"] == "a" * 64
    state = member_client.get(f"/api/v1/uploads/{session.pk}").json()
    assert answer["headers"].keys() == {"X-Part-SHA256", "X-Upload-Token"}
    assert state["is_direct"] is False
