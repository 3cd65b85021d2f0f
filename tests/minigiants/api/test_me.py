"""The caller's own: preferences, and tokens, which sessions alone make."""

from typing import Any

import pytest
from django.test import Client

from minigiants.accounts.models import ApiToken, User
from minigiants.accounts.services import token_authenticate, token_create
from minigiants.accounts.token_secrets import is_secret
from minigiants.api.models import IdempotencyRecord
from minigiants.competitions.models import Competition
from tests.support.factories import CompetitionFactory
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/me/tokens"


@pytest.fixture
def session(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def _make(client: Client, **changes: Any) -> Any:
    body = {"name": "CI", "scopes": ["read"], "days": 30, **changes}
    return client.post(TOKENS, body, content_type="application/json")


def test_a_session_makes_lists_rotates_and_revokes_tokens(
    session: Client, member: User, competition: Competition
) -> None:
    made = _make(session, competition=competition.slug)
    assert made.status_code == 201
    token = made.json()
    assert is_secret(token["secret"])
    assert token_authenticate(secret=token["secret"]).user == member
    assert (token["competition"], token["last_used_at"]) == (competition.slug, None)
    (listed,) = session.get(TOKENS).json()["items"]
    assert "secret" not in listed
    assert listed["last_used_at"] is not None
    rotated = session.post(
        f"{TOKENS}/{token['id']}/rotate", {"days": 7}, content_type="application/json"
    ).json()
    assert rotated["secret"] != token["secret"]
    assert session.delete(f"{TOKENS}/{rotated['id']}").status_code == 204
    states = {item["id"]: item["revoked_at"] for item in session.get(TOKENS).json()["items"]}
    assert states[rotated["id"]] is not None
    assert states[token["id"]] is None


def test_a_secret_that_is_told_again_does_not_lie_in_the_open(session: Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    body = {"name": "CI", "scopes": ["read"], "days": 30}
    first, second = (
        session.post(TOKENS, body, content_type="application/json", headers=headers)
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert ApiToken.objects.count() == 1
    secret = first.json()["secret"]
    assert secret not in str(list(IdempotencyRecord.objects.values()))
    assert secret not in str(list(ApiToken.objects.values()))


def test_pages_of_tokens(session: Client, member: User) -> None:
    for number in range(3):
        token_create(user=member, name=str(number), scopes=["read"], days=1)
    first = session.get(f"{TOKENS}?limit=2").json()
    second = session.get(f"{TOKENS}?limit=2&cursor={first['next_cursor']}").json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["2", "1", "0"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 81},
        {"scopes": []},
        {"scopes": ["root"]},
        {"scopes": ["admin"]},
        {"days": 0},
        {"days": 367},
        {"competition": "x" * 65},
        {"more": 1},
    ],
)
def test_what_a_token_may_not_be(session: Client, changes: dict[str, Any]) -> None:
    response = _make(session, **changes)
    assert (response.status_code, code_of(response)) == (422, "invalid_input")
    assert not ApiToken.objects.exists()


def test_a_token_is_bound_to_what_exists(session: Client) -> None:
    assert code_of(_make(session, competition="no-such")) == "not_found"


def test_a_token_may_give_itself_up_and_nothing_else(member_client: Client, member: User) -> None:
    (token,) = ApiToken.objects.all()
    response = _make(member_client)
    assert (response.status_code, code_of(response)) == (403, "session_needed")
    assert code_of(member_client.delete(f"{TOKENS}/{token.pk}")) == "session_needed"
    assert member_client.delete("/api/v1/me/token").status_code == 204
    assert code_of(member_client.get("/api/v1/me")) == "token_revoked"


def test_preferences(member_client: Client, member: User) -> None:
    def change(body: Any) -> Any:
        return member_client.patch("/api/v1/me", body, content_type="application/json")

    assert change({"wants_result_mail": True}).json()["wants_result_mail"] is True
    assert change({}).json()["wants_result_mail"] is True
    assert member_client.get("/api/v1/me").json()["wants_result_mail"] is True
    assert code_of(change({"wants_result_mail": "perhaps"})) == "invalid_input"


def test_a_bound_token_opens_its_competition_alone(
    member: User, competition: Competition, team: Any
) -> None:
    _, secret = token_create(
        user=member, name="CI", scopes=["read", "submit"], days=1, competition=competition.slug
    )
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    other = CompetitionFactory()
    assert client.get(f"/api/v1/competitions/{competition.slug}/quota").status_code == 200
    refused = client.get(f"/api/v1/competitions/{other.slug}/quota")
    assert (refused.status_code, code_of(refused)) == (403, "token_bound")
    assert refused.json()["competition"] == competition.slug
    announced = client.post(
        "/api/v1/uploads",
        {"competition": other.slug, "files": [{"path": "model.onnx", "size": 4}]},
        content_type="application/json",
    )
    assert code_of(announced) == "token_bound"
