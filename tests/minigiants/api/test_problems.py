"""Every error below /api/ is a problem document, whoever made it."""

from collections.abc import Callable

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.api.resources import me
from minigiants.core.problems import Problem
from minigiants.teams.models import Team
from tests.support.problem_documents import code_of

pytestmark = pytest.mark.django_db


def test_an_address_that_does_not_exist(client: Client) -> None:
    for path in ("/api/v1/nothing", "/api/v1/", "/api/", "/api/v2/me"):
        response = client.get(path)
        assert (response.status_code, code_of(response)) == (404, "not_found")


def test_a_method_that_the_address_does_not_take(client: Client) -> None:
    response = client.put("/api/v1/competitions")
    assert (response.status_code, code_of(response)) == (405, "method_not_allowed")
    assert response["Allow"] == "GET"


def test_missing_authentication_says_how_to_authenticate(client: Client) -> None:
    response = client.get("/api/v1/me")
    assert (response.status_code, code_of(response)) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="minigiants"'


@pytest.mark.parametrize(
    "header",
    ["Basic eDp5", "Bearer", "Bearer mg_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx3aemps", "mg_x"],
)
def test_wrong_authentication_is_refused_even_where_none_is_needed(
    client: Client, header: str
) -> None:
    response = client.get("/api/v1/competitions", headers={"Authorization": header})
    assert (response.status_code, code_of(response)) == (401, "invalid_token")
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_a_missing_scope_is_named(
    team: Team, member: User, bearer: Callable[..., dict[str, str]]
) -> None:
    response = Client(headers=bearer(member, ["read"])).post(
        f"/api/v1/competitions/{team.competition.slug}/rules"
    )
    assert (response.status_code, code_of(response)) == (403, "scope_missing")
    assert response.json()["scope"] == "submit"
    assert 'scope="submit"' in response["WWW-Authenticate"]


def test_a_session_needs_the_csrf_token_to_change_something(team: Team, member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    path = f"/api/v1/competitions/{team.competition.slug}/rules"
    assert client.get("/api/v1/me").status_code == 200
    refused = client.post(path)
    assert (refused.status_code, code_of(refused)) == (403, "csrf_failed")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.post(path, headers={"X-CSRFToken": token}).status_code == 200


def test_a_token_needs_no_csrf_token(
    team: Team, member: User, bearer: Callable[..., dict[str, str]]
) -> None:
    client = Client(enforce_csrf_checks=True, headers=bearer(member))
    path = f"/api/v1/competitions/{team.competition.slug}/rules"
    assert client.post(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.competition"),
        ({"competition": "x", "files": []}, "body.files"),
        ({"competition": "x", "files": [{"path": "", "size": 1}]}, "body.files.0.path"),
        ({"competition": "x", "files": [{"path": "a", "size": -1}]}, "body.files.0.size"),
        (
            {"competition": "x", "files": [{"path": "a", "size": 1, "digest": "x"}]},
            "body.files.0.digest",
        ),
        ({"competition": "x", "files": [{"path": "a", "size": 1}], "more": 1}, "body.more"),
    ],
)
def test_invalid_fields_are_named(member_client: Client, body: object, field: str) -> None:
    response = member_client.post("/api/v1/uploads", body, content_type="application/json")
    assert (response.status_code, code_of(response)) == (422, "invalid_input")
    assert field in [error["field"] for error in response.json()["errors"]]


@pytest.mark.parametrize("body", ["{", "\x00", "[", "nul"])
def test_a_body_that_is_no_json(member_client: Client, body: str) -> None:
    response = member_client.generic(
        "POST", "/api/v1/uploads", body, content_type="application/json"
    )
    assert (response.status_code, code_of(response)) == (400, "malformed_request")


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "limit=x", "cursor=!!", "cursor=AAAA"])
def test_invalid_pages(member_client: Client, team: Team, query: str) -> None:
    response = member_client.get(
        f"/api/v1/competitions/{team.competition.slug}/submissions?{query}"
    )
    assert (response.status_code, code_of(response)) == (422, "invalid_input")


def test_a_body_that_is_too_large(member_client: Client) -> None:
    response = member_client.generic(
        "POST", "/api/v1/uploads", b" " * (5 * 1024 * 1024), content_type="application/json"
    )
    assert (response.status_code, code_of(response)) == (413, "request_too_large")


def test_an_unexpected_error_tells_nothing_of_itself(
    member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_request: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(me, "person_of", broken)
    response = member_client.get("/api/v1/me")
    assert (response.status_code, code_of(response)) == (500, "internal_error")
    assert "swordfish" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def _all_problems(kind: type[Problem] = Problem) -> set[type[Problem]]:
    return {kind}.union(*(_all_problems(child) for child in kind.__subclasses__()))


def test_codes_are_stable_names_and_say_how_to_mend() -> None:
    by_code: dict[str, type[Problem]] = {}
    for kind in _all_problems():
        assert kind.code.replace("_", "").isalpha()
        assert kind.code == kind.code.lower()
        assert kind.title
        other = by_code.setdefault(kind.code, kind)
        # a subclass may share its parent's code, two strangers may not
        assert issubclass(kind, other) or issubclass(other, kind)


@pytest.mark.parametrize(
    "body",
    [
        '{"competition": "x", "files": [{"path": "a", "size": NaN}]}',
        '{"competition": "x", "competition": "y", "files": []}',
        '{"competition": "a\\u0000b", "files": []}',
        '{"competition": "x", "files": [{"\\u0000": 1}]}',
        "[" * 100_000,
    ],
)
def test_json_that_means_nothing_certain(member_client: Client, body: str) -> None:
    response = member_client.generic(
        "POST", "/api/v1/uploads", body, content_type="application/json"
    )
    assert (response.status_code, code_of(response)) == (400, "malformed_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_a_body_of_another_kind(member_client: Client, kind: str) -> None:
    response = member_client.generic("POST", "/api/v1/uploads", b"{}", content_type=kind)
    assert (response.status_code, code_of(response)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["competitions/%00", "competitions?x=%00", "%00"])
def test_an_address_with_nul(client: Client, path: str) -> None:
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, code_of(response)) == (400, "malformed_request")
