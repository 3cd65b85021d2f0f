"""Conditional requests, and caches that never serve one person's answer to another."""

from typing import Any

import pytest
from django.test import Client

from minigiants.competitions.models import Competition
from minigiants.teams.models import Team
from tests.support.factories import TeamFactory, member_of

pytestmark = pytest.mark.django_db


def test_who_has_the_answer_gets_304(member_client: Client, competition: Competition) -> None:
    for path in ("competitions", f"competitions/{competition.slug}/submissions", "me"):
        first = member_client.get(f"/api/v1/{path}")
        known = {"If-None-Match": f'"other", W/{first["ETag"]}'}
        again = member_client.get(f"/api/v1/{path}", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert "RateLimit" in again


def test_a_change_is_not_hidden_by_an_etag(member_client: Client, competition: Competition) -> None:
    path = f"/api/v1/competitions/{competition.slug}"
    known = {"If-None-Match": member_client.get(path)["ETag"]}
    TeamFactory(competition=competition)
    assert member_client.get(path, headers=known).status_code == 200


def test_an_etag_of_one_person_opens_nothing_to_another(
    competition: Competition, team: Team, bearer: Any
) -> None:
    path = f"/api/v1/competitions/{competition.slug}/submissions"
    one = Client(headers=bearer(member_of(team)))
    known = {"If-None-Match": one.get(path)["ETag"]}
    assert Client().get(path, headers=known).status_code == 401


@pytest.mark.parametrize("path", ["competitions", "me", "nothing"])
def test_no_shared_cache_may_keep_an_answer(client: Client, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert {"Authorization", "Cookie"} <= set(answer["Vary"].split(", "))
    assert answer["Cache-Control"] in {"private, no-cache", "no-store"}
