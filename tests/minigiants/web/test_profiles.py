"""People's pages, sessions, and closing the account."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.leaderboards.models import Board
from minigiants.teams.models import Team
from tests.minigiants.web.board_rows import standing
from tests.support.factories import PASSWORD, CompetitionFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
Counted = Callable[[int], AbstractContextManager[Any]]


def log_in() -> Client:
    client = Client(headers={"User-Agent": "Lynx/2.9"})
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    return client


def test_a_page_tells_ranks_of_public_boards(
    client: Client, team: Team, competition: Competition
) -> None:
    standing(competition, "Better", 0.95)
    standing(competition, team.name, 0.9)
    text = client.get("/people/ADA/").text
    assert "Tiny digits" in text
    assert '<td class="number key" data-label="Rank">2' in text
    assert "Final" not in text.split("<tbody>")[1]


def test_private_boards_are_told_once_they_are_revealed(
    client: Client, team: Team, competition: Competition
) -> None:
    standing(competition, "Better", 0.95)
    standing(competition, team.name, 0.9)
    public = Board.objects.get()
    private = Board.objects.create(
        competition=competition, phase=public.phase, division=public.division, split="private"
    )
    row = public.standings.get(team=team)
    row.pk, row.board = None, private
    row.save()
    assert "Final" not in client.get("/people/ada/").text.split("<tbody>")[1]
    public.phase.reveals_at = timezone.now() - timedelta(seconds=1)
    public.phase.save()
    rows = client.get("/people/ada/").text.split("<tbody>")[1]
    assert rows.count("<tr>") == 1
    assert 'data-label="Rank">1 <span class="badge good">Final' in rows


def test_what_is_not_public_is_not_told(client: Client, person: User) -> None:
    hidden = CompetitionFactory(slug="hidden")
    team = TeamFactory(competition=hidden, user=person, name="Secret team")
    standing(hidden, team.name, 0.9)
    hidden.audience = "invitation"
    hidden.save()
    text = client.get("/people/ada/").text
    assert "No result yet" in text
    assert "Secret" not in text


def test_a_page_can_be_one_s_own_alone(logged_in: Client, client: Client, person: User) -> None:
    form = {"about": "<b>Small</b> models", "homepage": "https://example.org", "is_public": "on"}
    assert logged_in.post("/settings/profile/", form).status_code == 302
    text = client.get("/people/ada/").text
    assert "&lt;b&gt;Small&lt;/b&gt;" in text
    assert 'href="https://example.org"' in text
    assert person.email not in text
    logged_in.post("/settings/profile/", {"about": "", "homepage": ""})
    assert client.get("/people/ada/").status_code == 404
    assert "Only you see this page" in logged_in.get("/people/ada/").text
    assert client.get("/people/nobody/").status_code == 404


@pytest.mark.parametrize("homepage", ["javascript:alert(1)", "nonsense", "data:text/html,x"])
def test_an_address_that_is_none_is_refused(logged_in: Client, homepage: str) -> None:
    answer = logged_in.post("/settings/profile/", {"about": "", "homepage": homepage})
    assert answer.status_code == 200
    assert 'class="errors"' in answer.text


def test_a_page_costs_the_same_however_long_it_is(
    client: Client, person: User, django_assert_num_queries: Counted
) -> None:
    for number in range(4):
        team = TeamFactory(competition=CompetitionFactory(), user=person, name=f"Team {number}")
        standing(team.competition, team.name, 0.9)
    with django_assert_num_queries(2):
        client.get("/people/ada/")


def test_sessions_are_listed_and_ended_one_by_one(person: User) -> None:
    first, second = log_in(), log_in()
    page = first.get("/settings/sessions/").text
    assert page.count("Lynx/2.9") == 2
    assert page.count("This one") == 1
    ended = page.split("/settings/sessions/")[-1].split("/")[0]
    answer = first.post(f"/settings/sessions/{ended}/end/", follow=True)
    assert answer.text.count("Lynx/2.9") == 1
    assert second.get("/settings/").status_code == 302
    assert first.get("/settings/").status_code == 200
    assert first.get("/accounts/sessions/")["Location"] == "/settings/sessions/"


def test_sessions_of_others_are_not_there(person: User) -> None:
    mine = log_in()
    theirs = Client()
    theirs.force_login(UserFactory())
    session = UserSession.objects.get(user=person)
    assert theirs.post(f"/settings/sessions/{session.pk}/end/").status_code == 404
    assert mine.get("/settings/").status_code == 200


def test_an_account_is_closed_with_its_password_alone(person: User) -> None:
    client = log_in()
    assert "What stays, and why" in client.get("/settings/close/").text
    refused = client.post("/settings/close/", {"password": "guess"})
    assert refused.status_code == 422
    assert "not your password" in refused.text
    answer = client.post("/settings/close/", {"password": PASSWORD}, follow=True)
    assert "Your account is closed" in answer.text
    assert client.get("/settings/").status_code == 302
    assert client.get("/people/ada/").status_code == 404


@pytest.mark.parametrize("page", ["profile", "sessions", "close"])
def test_settings_are_behind_the_log_in(client: Client, page: str) -> None:
    assert client.get(f"/settings/{page}/").status_code == 302
