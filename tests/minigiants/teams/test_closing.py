"""Closing an account: nothing is left that tells who it was, and nothing of others is lost."""

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from minigiants.accounts.models import ApiToken, User
from minigiants.accounts.problems import InvalidToken
from minigiants.accounts.services import token_authenticate, token_create
from minigiants.core.problems import InvalidInput
from minigiants.submissions.models import Submission
from minigiants.teams.closing import account_close
from minigiants.teams.selectors import members
from tests.support.factories import (
    PASSWORD,
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", email="ada@example.org", about="I am Ada")


def test_a_wrong_password_closes_nothing(ada: User) -> None:
    with pytest.raises(InvalidInput):
        account_close(user=ada, password="guess")
    ada.refresh_from_db()
    assert (ada.username, ada.is_active) == ("ada", True)


def test_nothing_tells_who_it_was(ada: User) -> None:
    team = TeamFactory(user=ada, name="ada")
    SubmissionFactory(artifact=ArtifactFactory(team=team))
    _, secret = token_create(user=ada, name="CI", scopes=["read"], days=1)
    client = Client()
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert UserSession.objects.filter(user=ada).count() == 1
    account_close(user=ada, password=PASSWORD)
    ada.refresh_from_db()
    team.refresh_from_db()
    told = f"{ada.username} {ada.email} {ada.about} {team.name}"
    assert "ada" not in told.lower()
    assert not EmailAddress.objects.filter(user=ada).exists()
    assert not Session.objects.exists()
    assert not ada.has_usable_password()
    assert client.get("/settings/").status_code == 302
    with pytest.raises(InvalidToken):
        token_authenticate(secret=secret)
    assert ApiToken.objects.get().revoked_at is not None
    assert not Client().login(username="ada", password=PASSWORD)
    assert UserFactory(username="ada", email="ada@example.org")


def test_what_others_rely_on_stays(ada: User) -> None:
    team = TeamFactory(user=ada, name="Together")
    grace = UserFactory()
    member_add(team, grace)
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    account_close(user=ada, password=PASSWORD)
    team.refresh_from_db()
    assert team.name == "Together"
    assert [row.user for row in members(team) if row.is_leader] == [grace]
    assert Submission.objects.get(pk=submission.pk).submitted_by == ada
